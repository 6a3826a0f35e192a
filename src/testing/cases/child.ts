// The parent's side of the daemon under test.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Caller, strangerAt, type Data, type Envelope, type Stranger } from '../daemon.ts'
import { weakenedEnvironment } from '../weakened.ts'
import type { Edit } from '../weakened_hook.ts'
import type { Asked, ChildSettings, Started, Told } from './daemon_child.ts'

export interface ChildDaemon {
  readonly call: (command: string, params: Data) => Promise<Envelope>
  readonly stranger: Stranger
  /** Everything that it logged, as far as it was asked for. */
  readonly log: readonly string[]
  /** Brings the log up to date, and tells of memory and event loop since the last question. */
  readonly tell: (about?: Asked['about']) => Promise<Omit<Told, 'log'>>
  /** Moves its clock: so much later than it would be, until the next time. */
  readonly later: (ms: number) => Promise<void>
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
  const { port, public_port } = await message<Started>(AbortSignal.timeout(START_MS_MAX))
  const log: string[] = []
  let { ahead_ms } = settings
  let telling: Promise<unknown> = Promise.resolve()
  const tell: ChildDaemon['tell'] = (about = 'all') => {
    const asked = telling.then(async () => {
      child.send({ log: log.length, about, ahead_ms } satisfies Asked)
      const told = await message<Told>()
      log.push(...told.log)
      return told
    })
    telling = asked.catch(() => {})
    return asked
  }
  return {
    log,
    stranger: strangerAt(public_port),
    async call(command, params) {
      const caller = new Caller(port)
      try {
        return await Promise.race([caller.call(command, params, { oxd: 1 }), failed])
      } finally {
        caller.close()
      }
    },
    tell,
    async later(ms) {
      ahead_ms = settings.ahead_ms + ms
      await tell('log')
    },
    alive: () => child.exitCode === null && child.signalCode === null,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
