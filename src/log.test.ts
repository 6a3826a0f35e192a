// The log: a line for a machine, and the same line for a person.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify, stripVTControlCharacters } from 'node:util'
import { prettyLine } from './log.ts'

describe('the log', () => {
  it('writes one JSON line a message on standard output', async () => {
    const program = `
      const { createLog } = await import(${JSON.stringify(new URL('log.ts', import.meta.url).href)})
      const log = createLog(process.stdout)
      log('info', 'command', { peer: 'p', site: undefined, ms: 3 })
      log('error', 'two\\nlines')
      process.exit(0)`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
    const lines = stdout.trim().split('\n')
    assert.equal(lines.length, 2, 'also when the program ends at once')
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.match(String(first?.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    assert.deepEqual({ ...first, time: 0 }, { level: 'info', time: 0, peer: 'p', ms: 3, msg: 'command' })
    assert.equal(second?.msg, 'two\nlines')
  })

  it('is readable on a terminal', () => {
    const json = '{"level":"warn","time":"2026-01-02T03:04:05.678Z","peer":"p","ms":3,"msg":"command"}'
    assert.equal(stripVTControlCharacters(prettyLine(json)), '03:04:05 warn  command peer=p ms=3\n')
    const hostile = prettyLine(JSON.stringify({ level: 'info', time: '', msg: 'a\n\u001bc', x: '\u001b[2J' }))
    assert.match(stripVTControlCharacters(hostile), /a��c x=�\[2J\n$/)
  })
})
