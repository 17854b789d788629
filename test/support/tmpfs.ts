import { execFileSync } from 'node:child_process'
import { temporaryFolder } from './provider'

/** Runs `work` on a disk of its own of so many megabytes, in memory. Skips the test, and says why, where this user may not mount one. */
export async function onSmallDisk(context: { skip(note: string): never }, megabytes: number, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await temporaryFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' })
  }
  catch {
    console.warn('SKIPPED: the test needs a small disk, and this user may not mount a tmpfs')
    context.skip('no right to mount a tmpfs')
  }
  try {
    await work(folder)
  }
  finally {
    execFileSync('umount', ['-l', folder])
  }
}
