// The packages as their users get them: built, packed, installed in empty folders without a network, and logged in with.
import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { startLyingOp, type LyingOp } from '../src/testing/op.ts'

const ROOT = join(import.meta.dirname, '..')
const MODULES = join(ROOT, 'node_modules')
const TSC = join(MODULES, 'typescript/bin/tsc')
const REDIRECT = 'https://client.example.com/callback'
const HOME = 'https://client.example.com/'
const COMMAND_MS = 60_000

const folder = mkdtempSync(join(tmpdir(), 'oxd-packages-'))
const DIST = join(folder, 'dist')
/** Where each package is installed. */
const OXD = join(folder, 'daemon')
const CLIENT = join(folder, 'application')

/** Without what `npm test` and the tester's own settings would say to the programs under test. */
const ENV: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:npm|node|oxd)_/i.test(name))),
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  // Neither is there.
  npm_config_userconfig: join(folder, 'user.npmrc'),
  npm_config_globalconfig: join(folder, 'global.npmrc'),
  npm_config_cache: join(folder, 'cache'),
  npm_config_ignore_scripts: 'true',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
}

interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}
const run = (cwd: string, command: string, ...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(command, args, { cwd, env: ENV, timeout: COMMAND_MS }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    )
  })
const ok = async (cwd: string, command: string, ...args: readonly string[]): Promise<string> => {
  const { status, stdout, stderr } = await run(cwd, command, ...args)
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
}
const dependenciesOf = (at: string): readonly string[] => {
  const { dependencies = {} }: Manifest = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))
  return Object.keys(dependencies)
}
/** The folders of a package and of all that it needs, as `npm ci` has installed them here. */
const withDependencies = (at: string, found = new Set<string>()): ReadonlySet<string> => {
  if (found.has(at)) return found
  found.add(at)
  for (const name of dependenciesOf(at)) withDependencies(folderOf(name, at), found)
  return found
}
/** Where a package finds another one: beside itself before further up, as Node looks for it. */
const folderOf = (name: string, from: string): string => {
  const inner = join(from, 'node_modules', name)
  if (from.startsWith(`${MODULES}/`) && existsSync(inner)) return inner
  return from.startsWith(`${MODULES}/`) ? folderOf(name, dirname(from)) : join(MODULES, name)
}

/** A registry on this machine that has these packages and no others: some come in two versions, as npm ci has them. */
const startRegistry = async (packs: string, folders: ReadonlySet<string>) => {
  const manifests = [...folders].map((at): { name: string; version: string } =>
    JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')),
  )
  // As npm pack names them.
  const tarball = ({ name, version }: { name: string; version: string }): string =>
    `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1)
    if (path.endsWith('.tgz')) return void response.end(readFileSync(join(packs, path)))
    const versions = manifests.filter(({ name }) => name === path)
    if (versions.length === 0) return void response.writeHead(404).end()
    const origin = `http://${request.headers.host}`
    const listed = versions.map((manifest) => [
      manifest.version,
      { ...manifest, dist: { tarball: `${origin}/${tarball(manifest)}` } },
    ])
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name: path, versions: Object.fromEntries(listed) }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server that listens has an AddressInfo.
  const { port } = server.address() as AddressInfo
  return { server, origin: `http://127.0.0.1:${port}/`, tarball }
}

/** Packs a package and what it says it needs, and installs that in an empty folder: what it does not say is not there. */
const install = async (built: string, at: string): Promise<void> => {
  const packs = `${at}.packs`
  mkdirSync(packs)
  mkdirSync(at)
  writeFileSync(join(at, 'package.json'), '{ "private": true, "type": "module" }')
  const folders = withDependencies(built)
  await ok(folder, 'npm', 'pack', '--pack-destination', packs, ...folders)
  const { server, origin, tarball } = await startRegistry(packs, folders)
  try {
    const own = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8'))
    await ok(at, 'npm', 'install', '--registry', origin, join(packs, tarball(own)))
  } finally {
    server.close()
  }
}

const filesIn = (at: string, ending: string): readonly string[] =>
  readdirSync(at, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending))
/** What the files of an installed package import that is not among them, `node:` modules aside. */
const packagesImported = (at: string, ending: string): readonly string[] => {
  const targets = filesIn(at, ending).flatMap((name) =>
    [...readFileSync(join(at, name), 'utf8').matchAll(/\b(?:from|import|import\()\s*['"]([^'"]+)['"]/g)].map(
      // Of a package, whatever part of it.
      ([, target = '']) =>
        (/^(?:node:|\.)/.test(target) ? target : /^(?:@[^/]+\/)?[^/]+/.exec(target)?.[0]) ?? '',
    ),
  )
  return [...new Set(targets.filter((target) => !/^(?:node:|\.)/.test(target)))].sort()
}

/** A Node of this machine that is not the project's own. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((entry) => !entry.includes('node_modules'))
  .map((entry) => join(entry, 'node'))
  .filter((path) => existsSync(path))
  .find((path) => spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.startsWith('v20.'))
const WITH_OLD_NODE = { skip: oldNode === undefined ? 'there is no Node 20 on the PATH' : false }

let op: LyingOp
let issuer: string
before(async () => {
  op = await startLyingOp()
  issuer = op.issuer('honest')
  await ok(folder, process.execPath, join(ROOT, 'scripts/build.ts'), DIST)
  await Promise.all([install(join(DIST, 'oxd'), OXD), install(join(DIST, 'oxd-client'), CLIENT)])
  for (const name of ['login.ts', 'types.ts'])
    copyFileSync(join(ROOT, 'test/packages', name), join(CLIENT, name))
})
after(async () => {
  await op.close()
  rmSync(folder, { recursive: true })
})

describe('what is in the packages', () => {
  it('oxd-client brings nothing but zod, and needs not even that at run time', () => {
    const beside = readdirSync(join(CLIENT, 'node_modules')).filter((name) => !name.startsWith('.'))
    assert.deepEqual(beside, ['oxd-client', 'zod'])
    const installed = join(CLIENT, 'node_modules/oxd-client')
    assert.deepEqual(packagesImported(installed, '.js'), [])
    assert.deepEqual(packagesImported(installed, '.d.ts'), ['zod'])
  })

  it('oxd says exactly what it needs', () => {
    const installed = join(OXD, 'node_modules/oxd')
    assert.deepEqual(packagesImported(installed, '.js'), [...dependenciesOf(installed)].sort())
  })

  const both = [join(OXD, 'node_modules/oxd'), join(CLIENT, 'node_modules/oxd-client')]

  it('their documents link to what is there', () => {
    for (const installed of both) {
      const dead = filesIn(installed, '.md').flatMap((name) => {
        const text = readFileSync(join(installed, name), 'utf8')
        const targets = [...text.matchAll(/\]\((?!https:|#)([^)#]+)/g)].map(([, target = '']) => target)
        return targets.filter((target) => !existsSync(join(installed, dirname(name), target)))
      })
      assert.deepEqual(dead, [])
    }
  })

  it('neither brings tests, what tests use, or sources', () => {
    for (const installed of both) {
      const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
      assert.deepEqual(
        files.filter((name) =>
          /\.test\.|^testing\/(?:cases|dev_op|daemon|story|weakened)|^src|stand_in|(?<!\.d)\.ts$/.test(name),
        ),
        [],
      )
      for (const name of ['package.json', 'LICENSE', 'README.md']) assert.ok(files.includes(name), name)
    }
  })
})

const compile = (module: string, resolution: string, ...more: readonly string[]): Promise<string> => {
  const types = ['--typeRoots', join(MODULES, '@types'), '--types', 'node']
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--target', 'es2023']
  const how = ['--module', module, '--moduleResolution', resolution]
  return ok(CLIENT, process.execPath, TSC, ...types, ...strict, ...how, ...more)
}

describe('the types of oxd-client', () => {
  for (const [module, resolution] of [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const) {
    it(`serve an application with moduleResolution ${resolution}`, async () => {
      await compile(module, resolution, '--noEmit', 'types.ts', 'login.ts')
    })
  }

  it('serve the program in its README', async () => {
    const readme = readFileSync(join(CLIENT, 'node_modules/oxd-client/README.md'), 'utf8')
    writeFileSync(join(CLIENT, 'readme.ts'), /```ts\n([^]*?)```/.exec(readme)?.[1] ?? 'no program')
    await compile('nodenext', 'nodenext', '--noEmit', 'readme.ts')
  })
})

describe('a login with the packages', () => {
  const oxd = join(OXD, 'node_modules/.bin/oxd')
  let port: number
  let stop = async (): Promise<number | null> => null

  before(async () => {
    await compile('nodenext', 'nodenext', 'login.ts')
    const args = ['serve', '--port', '0', '--trust-op', op.origin]
    const daemon = spawn(oxd, args, {
      cwd: OXD,
      env: ENV,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: COMMAND_MS,
    })
    const ended = new Promise<number | null>((resolve) => daemon.once('close', resolve))
    stop = () => {
      daemon.kill()
      return ended
    }
    const ready = new Promise<number>((resolve) => {
      createInterface(daemon.stdout).on('line', (line) => {
        const [, at] = /"tcp":"127\.0\.0\.1:(\d+)"/.exec(line) ?? []
        if (at !== undefined) resolve(Number(at))
      })
    })
    const failed = ended.then((status) => assert.fail(`oxd ended with ${status}`))
    port = await Promise.race([ready, failed])
  })
  after(() => stop())

  const logsIn = async (node: string): Promise<void> => {
    const cfg = join(CLIENT, 'demosite.cfg')
    writeFileSync(
      cfg,
      `[oxd]\nport = ${port}\n[client]\nop_host = ${issuer}\nauthorization_redirect_uri = ${REDIRECT}\npost_logout_redirect_uri = ${HOME}\n`,
    )
    const said = JSON.parse(await ok(CLIENT, node, 'login.js', cfg))
    assert.match(readFileSync(cfg, 'utf8'), new RegExp(`^id = ${said.oxd_id}$`, 'm'))
    const { sub, name, email_verified } = said.native
    assert.equal(typeof name, 'string')
    assert.equal(email_verified, true)
    assert.deepEqual(said, {
      node: (await ok(CLIENT, node, '--version')).trim().slice(1),
      oxd_id: said.oxd_id,
      came_back: true,
      lists: { sub: [sub], name, email_verified: [String(email_verified)] },
      native: { sub: 'alice', name, email_verified },
      id_token: [sub],
      second: 'invalid_state',
      bye: `${HOME}?state=bye`,
      required: true,
    })
  }

  it('goes from registration to logout', () => logsIn(process.execPath))
  it('goes the same way in an application that runs on Node 20', WITH_OLD_NODE, () => logsIn(oldNode ?? ''))

  it('goes by the command line of the installed oxd too', async () => {
    assert.match(await ok(OXD, oxd, '--help'), /^oxd serve .*\n[^]*get_authorization_url/)
    assert.match(await ok(OXD, oxd, 'serve', '--help'), /^oxd serve: .*\n[^]*--trust-op ORIGIN/)
    const at = ['--port', String(port)]
    const registered = ['register_site', '--op_host', issuer, '--authorization_redirect_uri', REDIRECT]
    const { oxd_id } = JSON.parse(await ok(OXD, oxd, ...registered, ...at))
    const begun = JSON.parse(await ok(OXD, oxd, 'get_authorization_url', '--oxd_id', oxd_id, ...at))
    assert.ok(begun.authorization_url.startsWith(`${issuer}/`))
    const back = new URL(await op.authorize(begun.authorization_url)).searchParams
    assert.equal(back.get('state'), begun.state)
  })

  it('brings the OP that misbehaves, as a program and as a module', async () => {
    assert.match(
      await ok(OXD, oxd, 'faulty-op', '--list-faults'),
      /^aud_suffixed .*\(Core 3\.1\.3\.7 \(3\)\)$/m,
    )
    const program = `import { startFaultyOp } from 'oxd/testing'
      const op = await startFaultyOp({ fault: 'issuer_suffixed' })
      const { issuer } = await (await fetch(op.issuer + '/.well-known/openid-configuration')).json()
      console.log(issuer === op.issuer + 'INVALID', op.count('discovery'))
      await op.close()`
    writeFileSync(join(OXD, 'faulty.js'), program)
    assert.equal(await ok(OXD, process.execPath, 'faulty.js'), 'true 1\n')
  })

  it('ends with the daemon, which stops when asked', async () => assert.equal(await stop(), 0))
})

it('on Node 20 the installed oxd says in one line what it needs', WITH_OLD_NODE, async () => {
  const { status, stdout, stderr } = await run(OXD, oldNode ?? '', 'node_modules/.bin/oxd', '--help')
  assert.deepEqual({ status, stdout }, { status: 1, stdout: '' })
  assert.match(stderr, /^oxd: Node 24\.15 or later is needed, this is 20\.[^\n]*\n$/)
})
