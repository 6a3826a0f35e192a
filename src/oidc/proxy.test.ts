import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bypasses } from './proxy.ts'

const CASES: readonly (readonly [no_proxy: string, direct: string, through: string])[] = [
  ['', '', 'op.test:443 localhost:443'],
  ['*', 'op.test:443 10.0.0.5:1 [::1]:443', ''],
  ['op.test', 'op.test:443 OP.TEST:1 op.test.:443 a.op.test:443', 'xop.test:443 test:443 op.test.com:443'],
  ['.op.test', 'op.test:443 a.b.op.test:443', 'xop.test:443'],
  ['*.op.test', 'op.test:443 a.op.test:443', 'xop.test:443'],
  ['Op.Test.', 'op.test:443', ''],
  ['op.test:8443', 'op.test:8443 a.op.test:8443', 'op.test:443'],
  ['a.test, b.test  c.test,,', 'a.test:1 b.test:1 c.test:1', 'd.test:1'],
  ['10.0.0.5,::1,[fd00::1]:443', '10.0.0.5:1 [::1]:443 [fd00::1]:443', '10.0.0.50:1 [fd00::1]:444 [::2]:1'],
]

for (const [no_proxy, direct, through] of CASES) {
  test(`NO_PROXY=${no_proxy}`, () => {
    const bypassed = bypasses(no_proxy)
    const places = (text: string) =>
      text.split(' ').flatMap((place) => {
        const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(place) ?? []
        return host === undefined ? [] : [{ place, host, port: Number(port) }]
      })
    for (const { place, host, port } of places(direct)) assert.equal(bypassed(host, port), true, place)
    for (const { place, host, port } of places(through)) assert.equal(bypassed(host, port), false, place)
  })
}
