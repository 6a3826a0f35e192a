// The matrix: what is written is read again, and what worked before must work.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { regressions, render, resultsIn, withMatrix, type Cell, type Column } from './matrix.ts'

const PAGE =
  'before\n\n<!-- matrix: written by npm run test:interop -->\n\nold\n\n<!-- /matrix -->\n\nafter\n'
const OK: Cell = { result: 'ok', quirks: [] }
const QUIRK: Cell = { result: 'ok', quirks: ['raw_basic'] }
const MISSING: Cell = { result: 'not offered', why: 'its metadata has no `x`' }
const REFUSED: Cell = { result: 'refused', why: '`invalid_issuer`' }

const column = (title: string, version: string, ...cells: (readonly [string, Cell])[]): Column => ({
  title,
  version,
  cells: new Map(cells),
})

describe('the matrix', () => {
  const rows = ['login', 'logout']
  const columns = [
    column('One', '1.2.3', ['login', OK], ['logout', MISSING]),
    column('Two, by hand', '4.5', ['login', QUIRK], ['logout', MISSING]),
    column('Three', '6', ['login', REFUSED]),
  ]
  const page = withMatrix(PAGE, render(rows, columns))

  it('stands between its markers, with each reason once', () => {
    assert.match(page, /^before\n\n<!-- [\s\S]* -->\n\nafter\n$/)
    assert.doesNotMatch(page, /old/)
    assert.match(page, /^\| logout \| not offered \[\^3\] \| not offered \[\^3\] \|  \|$/m)
    assert.match(page, /^\[\^1\]: With the quirk `raw_basic`\.$/m)
    assert.throws(() => withMatrix('no markers', ''))
  })

  it('is read again', () => {
    const results = resultsIn(page)
    assert.deepEqual([...results.keys()], ['One 1.2.3', 'Two 4.5, by hand', 'Three 6'])
    assert.equal(results.get('One 1.2.3')?.get('logout'), 'not offered')
    assert.equal(results.get('Two 4.5, by hand')?.get('login'), 'ok')
    assert.equal(results.get('Three 6')?.get('logout'), '')
  })

  it('shows what worked and does not any more, whatever the version', () => {
    assert.deepEqual(regressions(page, columns), [])
    assert.deepEqual(regressions(page, [column('Two, by hand', '4.6', ['login', REFUSED])]), [
      'Two, by hand: login',
    ])
    assert.deepEqual(regressions(page, [column('One', '1.2.3', ['login', MISSING], ['logout', OK])]), [
      'One: login',
    ])
    assert.deepEqual(regressions(page, [column('Three', '6', ['login', MISSING])]), [])
  })
})
