import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SUPPORTED_NODE, unsupportedNode } from '../../../src/runtime/server/engine/node-version'

describe('unsupportedNode', () => {
  it.each(['22.19.0', '22.22.1', '24.11.0', '24.21.0', '26.0.0', '27.1.0'])('accepts %s', version => expect(unsupportedNode(version)).toBeUndefined())

  it.each(['18.20.0', '20.20.2', '22.18.9', '23.11.0', '24.10.0', '25.2.0'])('says of %s in one sentence what to do', (version) => {
    expect(unsupportedNode(version)).toBe(`or3-provider-sqlite needs Node.js ${SUPPORTED_NODE}, and this is ${version}: install a supported Node.js and start it again.`)
  })

  it('says what package.json says', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } }
    expect(engines.node).toBe(SUPPORTED_NODE)
  })
})
