// `npm start`: a local OP, the oxd daemon and the sample site, each a process of its own, started and stopped together.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { placeOf, readSettings } from '../examples/demosite/settings.ts'
import { StartError } from '../src/error.ts'
import { LIMITS } from '../src/limits.ts'
import { ACCOUNTS } from '../src/testing/dev_op/accounts.ts'
import { ensureCertificates } from '../src/testing/dev_op/certificates.ts'
import { Visitor } from '../src/testing/dev_op/sign_in.ts'
import { realWorld } from '../src/world.ts'

const ROOT = resolve(import.meta.dirname, '..')
const SITE = 'examples/demosite'
const PART = new URL('part.ts', import.meta.url).href

/** Each part answers within this time, or the whole does not start. */
const READY_MS = 30_000
const PROBE_EVERY_MS = 100
const ORPHANED_EVERY_MS = 1_000
/** Parts have this long to end after SIGTERM; the daemon may finish what is under way, and a little more. */
const STOP_MS = LIMITS.shutdown_ms + 2_000
/** What is shown of a part that ended. */
const LAST_LINES = 20

interface Part {
  readonly name: string
  readonly child: ChildProcess
  readonly lastLines: readonly string[]
  /** How it ended, in words. */
  readonly ended: Promise<string>
}

interface Plan {
  readonly site: { readonly host: string; readonly port: number }
  readonly op_port: number
  readonly oxd_port: number
  /** Where the OP tells oxd of logouts. */
  readonly public_port: number
  readonly folder: string
}

const portFrom = (env: NodeJS.ProcessEnv, name: string, usual: number): number => {
  const text = env[name]
  const port = text === undefined || text === '' ? usual : Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new StartError(`${name} is ${JSON.stringify(text)}: it must be a port, a number from 1 to 65535.`)
}

/** Ports, host and folder: from the environment, else those of the site from its configuration. */
const planFrom = (env: NodeJS.ProcessEnv): Plan => {
  const cfg = resolve(ROOT, env.DEMO_CFG || `${SITE}/demosite.cfg`)
  const place = placeOf(readSettings(cfg, join(ROOT, SITE, 'demosite.example.cfg')))
  return {
    site: {
      host: env.DEMO_HOST || place?.host || 'demo.localhost',
      port: portFrom(env, 'DEMO_PORT', place?.port ?? 8_080),
    },
    op_port: portFrom(env, 'DEV_OP_PORT', 8_090),
    oxd_port: portFrom(env, 'OXD_PORT', 8_099),
    public_port: portFrom(env, 'OXD_PUBLIC_PORT', 8_098),
    folder: resolve(ROOT, env.DEV_DIR || '.dev'),
  }
}

/** Why nothing can listen at a port; undefined if it is free. */
const troubleAt = (name: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const busy = error.code === 'EADDRINUSE'
      const what = busy ? 'is busy: stop what listens there, or' : `cannot be used (${error.code}):`
      resolve(`Port ${port} ${what} set ${name} to another port.`)
    })
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(undefined)))
  })

/** Asked before anything is started, so that nobody else's answer is taken for a part's; all that is wrong at once. */
const refuseTakenPorts = async (ports: ReadonlyMap<string, number>): Promise<void> => {
  const names = [...ports.keys()]
  const shared = names.flatMap((name, i) =>
    names
      .slice(i + 1)
      .filter((other) => ports.get(other) === ports.get(name))
      .map((other) => `${name} and ${other} are both ${ports.get(name)}: set one of them to another port.`),
  )
  if (shared.length > 0) throw new StartError(shared.join('\n'))
  const troubles = await Promise.all([...ports].map(([name, port]) => troubleAt(name, port)))
  const lines = troubles.filter((line) => line !== undefined)
  if (lines.length > 0) throw new StartError(lines.join('\n'))
}

const launch = (
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  show: (line: string) => void,
): Part => {
  // In a process group of its own: Ctrl-C reaches this program alone, which then asks each part once.
  const child = spawn(process.execPath, ['--import', PART, ...args], {
    cwd: ROOT,
    env,
    detached: true,
    // Nothing is written to its input: that ends when this program does, however that comes, and `PART` waits for it.
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const lastLines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lastLines.push(line)
      if (lastLines.length > LAST_LINES) lastLines.shift()
      show(`${name.padEnd(4)} | ${line}`)
    })
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    // `close` comes after the last words.
    child.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })
  return { name, child, lastLines, ended }
}

/** Never resolves; rejects when the part ends. */
const failureOf = async ({ name, lastLines, ended }: Part): Promise<never> => {
  const how = await ended
  const words = lastLines.length === 0 ? 'It said nothing.' : lastLines.map((line) => `  ${line}`).join('\n')
  throw new StartError(`${name} ended (${how}), so everything is stopped. Its last words:\n${words}`)
}

const untilAnswers = async (
  part: Part,
  probe: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> => {
  const answered = async () => {
    for (let waited = 0; waited < READY_MS; waited += PROBE_EVERY_MS) {
      if (signal.aborted || (await probe().catch(() => false))) return
      await delay(PROBE_EVERY_MS)
    }
    throw new StartError(`${part.name} did not answer within ${READY_MS / 1_000} seconds.`)
  }
  await Promise.race([answered(), failureOf(part)])
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

const stop = async (parts: readonly Part[]): Promise<void> => {
  const timer = new AbortController()
  for (const { child } of parts) child.kill('SIGTERM')
  const late = delay(STOP_MS, undefined, { signal: timer.signal }).then(
    () => parts.forEach(({ child }) => child.kill('SIGKILL')),
    () => {},
  )
  await Promise.all(parts.map(({ ended }) => ended))
  timer.abort()
  await late
}

const welcome = ({ site, op_port, oxd_port, folder }: Plan, ca_file: string) => {
  const shown = (file: string) => (file.startsWith(`${ROOT}/`) ? relative(ROOT, file) : file)
  const [first, ...others] = ACCOUNTS.map(({ user, password }) => `${user} / ${password}`)
  return `
  oxd is up. Open the site and click "Log in".

    Site    https://${site.host}${site.port === 443 ? '' : `:${site.port}`}
    OP      https://localhost:${op_port}
    oxd     tcp://127.0.0.1:${oxd_port}

    Users   ${[first, ...others].join('\n            ')}

  The browser warns about the development certificate unless you import ${shown(ca_file)},
  the CA made on this machine, for this machine alone. Data is kept in ${shown(folder)}.
  Ctrl-C stops everything.
`
}

const run = async (env: NodeJS.ProcessEnv, parts: Part[], signal: AbortSignal): Promise<void> => {
  const plan = planFrom(env)
  const { site, op_port, oxd_port, public_port, folder } = plan
  await refuseTakenPorts(
    new Map([
      ['DEV_OP_PORT', op_port],
      ['OXD_PORT', oxd_port],
      ['OXD_PUBLIC_PORT', public_port],
      ['DEMO_PORT', site.port],
    ]),
  )

  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const world = realWorld(() => {})
  const { ca_file, cert_file, key_file } = await ensureCertificates(join(folder, 'tls'), [site.host], world)
  const visitor = new Visitor({ ca: readFileSync(ca_file, 'utf8') })
  const ports = {
    DEV_OP_PORT: String(op_port),
    OXD_PORT: String(oxd_port),
    OXD_PUBLIC_PORT: String(public_port),
  }
  /** What site and daemon said while they started (the OP only says what the welcome says too); afterwards undefined. */
  let early: string[] | undefined = []
  const start = (name: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) => {
    const part = launch(name, args, { ...env, ...ports, ...more }, (line) =>
      early === undefined ? console.log(line) : name !== 'OP' && early.push(line),
    )
    parts.push(part)
    return part
  }
  const shows = (url: string) => async () => (await visitor.fetch(new URL(url))).status < 500

  const op = start('OP', ['src/testing/dev_op/main.ts'], { DEV_DIR: folder })
  const serve = ['serve', '--port', String(oxd_port), '--data-dir', join(folder, 'oxd-data')]
  const trust = ['--trust-op', `https://localhost:${op_port}`, '--op-ca', ca_file]
  const tls = ['--tls-cert', cert_file, '--tls-key', key_file]
  const forOthers = ['--public-url', `https://localhost:${public_port}`, '--public-port', String(public_port)]
  const oxd = start('oxd', ['bin/oxd.js', ...serve, ...trust, ...forOthers, ...tls])
  await Promise.all([
    untilAnswers(op, shows(`https://localhost:${op_port}/.well-known/openid-configuration`), signal),
    untilAnswers(oxd, () => accepts(oxd_port), signal),
  ])
  if (signal.aborted) return
  // Last, because it registers at the OP as soon as it runs.
  const demosite = start('site', [`${SITE}/site.ts`], { DEMO_CERT: cert_file, DEMO_KEY: key_file })
  await untilAnswers(demosite, shows(`https://${site.host}:${site.port}/`), signal)
  if (signal.aborted) return

  for (const line of early) console.log(line)
  early = undefined
  console.log(welcome(plan, ca_file))
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  await Promise.race([aborted, ...parts.map(failureOf)])
}

const parts: Part[] = []
const asked = new AbortController()
// A terminal and npm both send the signal: the second asks for nothing new.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => asked.abort())
// Whoever kills npm means this program too, which then has another parent.
const starter = process.ppid
const orphaned = () => process.env.npm_lifecycle_event !== undefined && process.ppid !== starter
setInterval(() => orphaned() && asked.abort(), ORPHANED_EVERY_MS).unref()
process.once('exit', () => parts.forEach(({ child }) => child.kill('SIGKILL')))
try {
  await run(process.env, parts, asked.signal)
} catch (error) {
  // A part that ends while everything is being stopped has been asked to.
  if (!asked.signal.aborted) {
    console.error(error instanceof StartError ? error.message : error)
    process.exitCode = 1
  }
}
// Also ends the questions that are still put to parts.
asked.abort()
await stop(parts)
