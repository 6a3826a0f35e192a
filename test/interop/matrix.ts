// The matrix of docs/interop.md: what worked at which OP, with the reasons below it, written and read.

export type Cell =
  /** `quirks`: the deviations of the OP that oxd bore, by their names. */
  | {
      readonly result: 'ok'
      readonly quirks: readonly string[]
      /** What has to be said of it. */
      readonly note?: string | undefined
    }
  /** What proves that the OP does not do it. */
  | { readonly result: 'not offered'; readonly why: string }
  /** With which code oxd refused what the OP did. */
  | { readonly result: 'refused'; readonly why: string }

export interface Column {
  /** The OP and how clients come to be there; without a version. */
  readonly title: string
  readonly version: string
  /** By the names of the rows. */
  readonly cells: ReadonlyMap<string, Cell>
}

const START = '<!-- matrix: written by npm run test:interop -->'
const END = '<!-- /matrix -->'

const noteOf = (cell: Cell): string => {
  if (cell.result !== 'ok') return cell.why
  const quirks = cell.quirks.map((name) => `With the quirk \`${name}\`.`)
  return [...quirks, ...(cell.note === undefined ? [] : [cell.note])].join(' ')
}

const headOf = ({ title, version }: Column): string => title.replace(/(?=,|$)/, ` ${version}`)

/** The table and its notes. */
export const render = (rows: readonly string[], columns: readonly Column[]): string => {
  const notes: string[] = []
  const shown = (cell: Cell | undefined): string => {
    if (cell === undefined) return ''
    const note = noteOf(cell)
    if (note === '') return cell.result
    if (!notes.includes(note)) notes.push(note)
    return `${cell.result} [^${notes.indexOf(note) + 1}]`
  }
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const table = [
    line(['', ...columns.map(headOf)]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map((row) => line([row, ...columns.map(({ cells }) => shown(cells.get(row)))])),
  ]
  return [...table, '', ...notes.map((note, index) => `[^${index + 1}]: ${note}`)].join('\n')
}

/** The page with this matrix in it. @throws Error when the page has lost its markers */
export const withMatrix = (page: string, matrix: string): string => {
  const [before, rest] = page.split(START)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error('the page has lost its markers')
  return `${before}${START}\n\n${matrix}\n\n${END}${after}`
}

/** What a page says: the results by the head of the column and the name of the row. */
export const resultsIn = (page: string): ReadonlyMap<string, ReadonlyMap<string, string>> => {
  const lines = (page.split(START)[1]?.split(END)[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    )
  const [heads = [], , ...rows] = lines
  return new Map(
    heads
      .slice(1)
      .map((head, column) => [
        head,
        new Map(
          rows.map(([name = '', ...cells]) => [name, (cells[column] ?? '').replace(/ \[\^\d+\]$/, '')]),
        ),
      ]),
  )
}

const withoutVersion = (head: string): string => head.replace(/ [\d.]+(?=,|$)/, '')

/** What worked by the page and does not any more: `column: row`. */
export const regressions = (page: string, columns: readonly Column[]): readonly string[] =>
  [...resultsIn(page)].flatMap(([head, results]) => {
    const now = columns.find(({ title }) => title === withoutVersion(head))
    if (now === undefined) return []
    return [...results]
      .filter(([row, result]) => result === 'ok' && now.cells.has(row) && now.cells.get(row)?.result !== 'ok')
      .map(([row]) => `${now.title}: ${row}`)
  })
