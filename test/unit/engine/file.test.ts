import { describe, expect, it } from 'vitest'
import { nameNetworkFileSystem } from '../../../src/runtime/server/engine/file'

describe('nameNetworkFileSystem (F11)', () => {
  it('knows those on which WAL is not safe, by signed and unsigned numbers', () => {
    expect([0x6969, 0xFF534D42, 0xFF534D42 | 0, 0xFE534D42, 0x01021997].map(nameNetworkFileSystem)).toEqual(['NFS', 'CIFS', 'CIFS', 'SMB', '9P'])
  })

  it('has nothing against local disks: ext4, btrfs, xfs, tmpfs, overlay, zfs', () => {
    expect([0xEF53, 0x9123683E, 0x58465342, 0x01021994, 0x794C7630, 0x2FC12FC1].map(nameNetworkFileSystem)).toEqual(Array(6).fill(undefined))
  })
})
