import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StartError } from './error.ts'
import { LIMITS } from './limits.ts'
import { parseYaml } from './yaml.ts'

const bounded = `port: 8099\n# ${'x'.repeat(LIMITS.settings_bytes_max)}`.slice(0, LIMITS.settings_bytes_max)

describe('settings in YAML', () => {
  it('are read, with the line of what stands at an offset', () => {
    const { document, lineOf } = parseYaml('a.yml', 'port: 1\r\n\r\nbind: x\n')
    assert.deepEqual(document.toJS(), { port: 1, bind: 'x' })
    assert.equal(lineOf(11), 3)
  })

  it('are read up to its bound, and no further', () => {
    assert.deepEqual(parseYaml('a.yml', bounded).document.toJS(), { port: 8099 })
    assert.throws(() => parseYaml('a.yml', `${bounded}x`), {
      name: 'StartError',
      message: `a.yml: has more than ${LIMITS.settings_bytes_max} bytes.`,
    })
  })

  for (const [what, text, message] of [
    ['a mistake', 'port: 1\nbind: "x\n', 'a.yml:3: is not valid (MISSING_CHAR).'],
    ['a key twice', 'port: 1\n\nport: 2\n', 'a.yml:3: is not valid (DUPLICATE_KEY).'],
    [
      'a carriage return alone',
      'port: 1\r\nbind: a\rport: 2\n',
      'a.yml:2: has a carriage return without a line feed: save it with line feeds.',
    ],
    ['lists in lists', '- '.repeat(16_000), 'a.yml: is nested too deeply.'],
  ] as const) {
    it(`are refused for ${what}, in one sentence that names the place`, () => {
      assert.throws(() => parseYaml('a.yml', text), { name: 'StartError', message })
    })
  }

  it('are read or refused soon, whatever they repeat', () => {
    for (const unit of ['[a]\n', ',', '{}', '! ', '>\n', '"', '&a ', '? ', '\r\n', '[', 'a: ']) {
      for (const start of ['', 'port: 1\n', 'a: [x, ']) {
        const text = start + unit.repeat(Math.floor((LIMITS.settings_bytes_max - start.length) / unit.length))
        const before = process.cpuUsage()
        try {
          parseYaml('a.yml', text)
        } catch (error) {
          assert.ok(error instanceof StartError, JSON.stringify([start, unit]))
        }
        const { user, system } = process.cpuUsage(before)
        assert.ok((user + system) / 1_000 < 2_000, `${JSON.stringify([start, unit])} takes its time`)
      }
    }
  })
})
