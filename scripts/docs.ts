// `npm run docs`: renders the pages of the commands and the tables in the README from the code.
// With --check it writes nothing, and fails when a page is not what the code says.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { COMMANDS } from '../src/daemon.ts'
import { accessPage, tryEverything } from '../test/access.ts'
import { conformanceTable } from '../test/conformance/page.ts'
import {
  commandPage,
  commandTable,
  errorPage,
  indexPage,
  quirksPage,
  settingsTable,
} from '../src/publish/docs.ts'

const FOLDER = 'docs/commands'
const README = 'README.md'
const CONFORMANCE = 'docs/conformance.md'
type Parts = Readonly<Record<string, string>>
/** What is rendered into the README between `<!-- name: … -->` and `<!-- /name -->`. */
const PARTS: Parts = {
  settings: settingsTable(),
  commands: commandTable(COMMANDS, `${FOLDER}/`),
}

const withParts = (page: string, parts: Parts): string =>
  Object.entries(parts).reduce(
    (text, [name, part]) => {
      const start = `<!-- ${name}: rendered by npm run docs -->`
      const end = `<!-- /${name} -->`
      const [before, rest] = text.split(start)
      const after = rest?.split(end)[1]
      if (before === undefined || after === undefined)
        throw new Error(`${page} has lost its markers of ${name}`)
      return `${before}${start}\n\n${part}\n\n${end}${after}`
    },
    readFileSync(page, 'utf8'),
  )

const pages = new Map([
  ...COMMANDS.map((command) => [join(FOLDER, `${command.name}.md`), commandPage(command)] as const),
  // Not described but tried, on a daemon with all transports.
  ['docs/access.md', accessPage(await tryEverything())],
  [join(FOLDER, 'errors.md'), errorPage()],
  ['docs/quirks.md', quirksPage()],
  [join(FOLDER, 'README.md'), indexPage(COMMANDS)],
  [README, withParts(README, PARTS)],
  [CONFORMANCE, withParts(CONFORMANCE, { conformance: conformanceTable() })],
])
const strays = existsSync(FOLDER)
  ? readdirSync(FOLDER)
      .map((name) => join(FOLDER, name))
      .filter((path) => !pages.has(path))
  : []

if (process.argv.includes('--check')) {
  const stale = [...pages]
    .filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
    .map(([path]) => path)
  const wrong = [...stale, ...strays]
  if (wrong.length > 0) {
    process.stderr.write(`Out of step with the code: ${wrong.join(', ')}. Run npm run docs.\n`)
    process.exitCode = 1
  }
} else {
  mkdirSync(FOLDER, { recursive: true })
  for (const path of strays) rmSync(path)
  for (const [path, text] of pages) writeFileSync(path, text)
  process.stdout.write(`Rendered ${[...pages.keys()].join(', ')}.\n`)
}
