// `npm run docs`: renders the pages of the commands and the tables in the README from the code.
// With --check it writes nothing, and fails when a page is not what the code says.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { COMMANDS } from '../src/daemon.ts'
import { commandPage, errorPage, indexPage, settingsTable } from '../src/publish/docs.ts'

const FOLDER = 'docs/commands'
const README = 'README.md'
const START = '<!-- settings: rendered by npm run docs -->'
const END = '<!-- /settings -->'

const readme = (): string => {
  const text = readFileSync(README, 'utf8')
  const start = text.indexOf(START)
  const end = text.indexOf(END)
  if (start === -1 || end === -1) throw new Error(`${README} has lost its settings markers`)
  return `${text.slice(0, start + START.length)}\n\n${settingsTable()}\n\n${text.slice(end)}`
}

const pages = new Map([
  ...COMMANDS.map((command) => [join(FOLDER, `${command.name}.md`), commandPage(command)] as const),
  [join(FOLDER, 'errors.md'), errorPage()],
  [join(FOLDER, 'README.md'), indexPage(COMMANDS)],
  [README, readme()],
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
}
