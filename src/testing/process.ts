// The program itself, as a child process: what only a process can show (exit codes, signals, kill -9).
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Caller, type Data, type Envelope } from './daemon.ts'

const BIN = fileURLToPath(new URL('../../bin/oxd.js', import.meta.url))
const READY_MS_MAX = 15_000

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface OxdProcess {
  readonly child: ChildProcess
  /** NaN without a TCP socket. */
  readonly port: number
  /** One command on a connection of its own. */
  readonly call: (command: string, params: Data) => Promise<Envelope>
  readonly kill: (signal: NodeJS.Signals) => Promise<Ended>
  readonly output: () => string
}

const environment = (env: Readonly<Record<string, string>>): NodeJS.ProcessEnv => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('OXD_') && !/^no_proxy$/i.test(name),
  )
  return { ...Object.fromEntries(inherited), ...env }
}

interface Options {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

const start = (argv: readonly string[], { env = {}, cwd }: Options) => {
  const child = spawn(process.execPath, [BIN, ...argv], {
    env: environment(env),
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (part: string) => void (text.stdout += part))
  child.stderr.setEncoding('utf8').on('data', (part: string) => void (text.stderr += part))
  const ended = once(child, 'close').then(([code]): Ended => ({
    code: typeof code === 'number' ? code : null,
    ...text,
  }))
  return { child, text, ended }
}

/** Runs `oxd` to its end. */
export const runOxd = async (argv: readonly string[], options: Options = {}): Promise<Ended> => {
  const { child, ended } = start(argv, options)
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS_MAX)
  const result = await ended
  clearTimeout(timer)
  return result
}

/** Starts `oxd serve` on a free port (or as `argv` says), and waits until it listens. */
export const startOxd = async (argv: readonly string[], options: Options = {}): Promise<OxdProcess> => {
  const { child, text, ended } = start(['serve', '--port', '0', ...argv], options)
  const ready = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('oxd did not become ready')), READY_MS_MAX)
    child.stdout.on('data', () => {
      if (!text.stdout.includes('"oxd is ready"')) return
      clearTimeout(timer)
      resolve(Number(/"tcp":"127\.0\.0\.1:(\d+)"/.exec(text.stdout)?.[1]))
    })
    void ended.then(({ stderr }) => reject(new Error(`oxd ended: ${stderr}`)))
  })
  const port = await ready.catch((error: unknown) => {
    child.kill('SIGKILL')
    throw error
  })
  return {
    child,
    port,
    output: () => `${text.stdout}${text.stderr}`,
    async call(command, params) {
      const caller = new Caller(port)
      try {
        return await caller.call(command, params)
      } finally {
        caller.close()
      }
    },
    async kill(signal) {
      child.kill(signal)
      return ended
    },
  }
}
