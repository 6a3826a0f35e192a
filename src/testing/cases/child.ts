// The parent's side of the daemon under test.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Caller, PUBLIC_URL, type Data, type Envelope } from '../daemon.ts'
import { weakenedEnvironment } from '../weakened.ts'
import type { Edit } from '../weakened_hook.ts'
import type { Asked, ChildSettings, Told } from './daemon_child.ts'

export interface ChildDaemon {
  readonly call: (command: string, params: Data) => Promise<Envelope>
  /** Everything that it logged, as far as it was asked for. */
  readonly log: readonly string[]
  /** Brings the log up to date, and tells of memory and event loop since the last question. */
  readonly tell: (options?: { readonly watch: boolean }) => Promise<Omit<Told, 'log'>>
  /** What a stranger sends to the public listener, at an address that an OP was told. */
  readonly stranger: (address: string, sent?: RequestInit) => Promise<Response>
  readonly alive: () => boolean
  readonly kill: () => Promise<void>
}

const CHILD = fileURLToPath(new URL('daemon_child.ts', import.meta.url))
const START_MS_MAX = 20_000

/** Starts the daemon, weakened if there are edits. @throws when it does not start */
export const startChild = async (
  settings: ChildSettings,
  edits: readonly Edit[] = [],
): Promise<ChildDaemon> => {
  const child = fork(CHILD, {
    execArgv: ['--expose-gc'],
    env: { ...process.env, ...weakenedEnvironment(edits) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2_000)
  })
  const ended = once(child, 'exit')
  const failed = ended.then(([code]) => Promise.reject(new Error(`The daemon ended (${code}). ${errors}`)))
  failed.catch(() => {})
  const message = async <T>(signal?: AbortSignal): Promise<T> => {
    // Only our child writes here, in the shapes of its own file.
    const [told] = await Promise.race([once(child, 'message', { signal }), failed])
    return told as T
  }
  child.send(settings)
  const { port, public_port } = await message<{ port: number; public_port: number }>(
    AbortSignal.timeout(START_MS_MAX),
  )
  const log: string[] = []
  let telling: Promise<unknown> = Promise.resolve()
  return {
    log,
    async call(command, params) {
      const caller = new Caller(port)
      try {
        return await Promise.race([caller.call(command, params, { oxd: 1 }), failed])
      } finally {
        caller.close()
      }
    },
    tell({ watch } = { watch: false }) {
      const asked = telling.then(async () => {
        child.send({ log: log.length, watch } satisfies Asked)
        const told = await message<Told>()
        log.push(...told.log)
        return told
      })
      telling = asked.catch(() => {})
      return asked
    },
    stranger: (address, sent) =>
      fetch(`http://127.0.0.1:${public_port}${address.replace(PUBLIC_URL, '')}`, {
        redirect: 'manual',
        ...sent,
      }),
    alive: () => child.exitCode === null && child.signalCode === null,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
