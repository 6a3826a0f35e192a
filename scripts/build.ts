// `npm run build`: the packages `oxd` and `oxd-client`, ready for `npm pack`, under dist/ or in the folder that is named.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize, resolve } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const OUT = resolve(process.argv[2] ?? join(ROOT, 'dist'))
const OXD = join(OUT, 'oxd')
const CLIENT = join(OUT, 'oxd-client')
/** What applications import, without its ending. */
const CLIENT_ENTRY = 'client/client'

type Manifest = Readonly<Record<string, unknown>>
const readManifest = (path: string): Manifest => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
const writeManifest = (folder: string, manifest: Manifest): void =>
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)

const LINK = /\[([^\]]+)\]\((?!https:|#)([^)#]+)[^)]*\)/g

/** A link to what is in the repository alone becomes its text. */
const unlink = (folder: string): void => {
  const documents = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  )
  for (const file of documents.map((name) => join(folder, name))) {
    const text = readFileSync(file, 'utf8').replace(LINK, (link, words: string, target: string) =>
      existsSync(join(dirname(file), target)) ? link : words,
    )
    writeFileSync(file, text)
  }
}

const copyDocuments = (folder: string, readme: string, ...names: readonly string[]): void => {
  for (const name of names) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  cpSync(join(import.meta.dirname, readme), join(folder, 'README.md'))
  unlink(folder)
}

const RELATIVE = /\b(?:from|import|import\()\s*['"](\.{1,2}\/[^'"]+)\.[jt]s['"]/g

/** The emitted files that an entry needs, itself included: `.js` with `.js`, `.d.ts` with `.d.ts`. */
const needed = (entry: string, ending: '.js' | '.d.ts', found = new Set<string>()): ReadonlySet<string> => {
  const file = `${entry}${ending}`
  if (found.has(file)) return found
  found.add(file)
  for (const [, target = ''] of readFileSync(join(OXD, file), 'utf8').matchAll(RELATIVE)) {
    needed(normalize(join(dirname(entry), target)), ending, found)
  }
  return found
}

/** Whatever the program reaches, and nothing else: no tests, and not what only tests and scripts use. */
const emit = (): boolean => {
  rmSync(OXD, { recursive: true, force: true })
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', join(import.meta.dirname, 'tsconfig.build.json'), '--outDir', OXD]
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0
}

const finishOxd = (): void => {
  cpSync(join(ROOT, 'bin/oxd.js'), join(OXD, 'bin/oxd.js'))
  const { name, version, description, license, type, bin, engines, dependencies } =
    readManifest('package.json')
  writeManifest(OXD, {
    name,
    version,
    description,
    license,
    type,
    bin,
    engines,
    dependencies,
    exports: {
      './testing': { types: './testing/index.d.ts', default: './testing/index.js' },
      './package.json': './package.json',
    },
  })
  copyDocuments(OXD, 'oxd.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs')
}

const makeClient = (): void => {
  rmSync(CLIENT, { recursive: true, force: true })
  const files = [...needed(CLIENT_ENTRY, '.js'), ...needed(CLIENT_ENTRY, '.d.ts')]
  for (const file of files) cpSync(join(OXD, file), join(CLIENT, file))
  writeManifest(CLIENT, {
    ...readManifest('src/client/package.json'),
    exports: { '.': { types: `./${CLIENT_ENTRY}.d.ts`, default: `./${CLIENT_ENTRY}.js` } },
  })
  copyDocuments(CLIENT, 'oxd-client.md', 'LICENSE', 'CHANGELOG.md')
}

if (emit()) {
  finishOxd()
  makeClient()
  process.stdout.write(`Made ${OXD} and ${CLIENT}. In an application: npm install ${CLIENT}\n`)
} else process.exitCode = 1
