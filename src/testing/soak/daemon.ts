// Starts the daemon of a soak, and asks it what it holds.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { ChildOptions, FromChild, Held } from './child_messages.ts'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))
const ANSWER_MS_MAX = 60_000

export interface SoakDaemon {
  readonly port: number
  readonly held: () => Promise<Held>
  /** What its log said so far: how often each command ended how, and every line of the level `error`. */
  readonly log: () => Promise<Omit<Extract<FromChild, { kind: 'log' }>, 'kind'>>
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
  readonly close: () => Promise<void>
}

export const startSoakDaemon = async (options: ChildOptions): Promise<SoakDaemon> => {
  const child = fork(CHILD, [JSON.stringify(options)], { execArgv: ['--expose-gc'] })
  const exited = once(child, 'exit')
  const next = async <K extends FromChild['kind']>(kind: K): Promise<Extract<FromChild, { kind: K }>> => {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    const gone = exited.then((): never => {
      throw new Error('the daemon of the soak has ended')
    })
    for (;;) {
      const [message]: FromChild[] = await Promise.race([once(child, 'message', { signal }), gone])
      // Its kind was compared.
      if (message?.kind === kind) return message as Extract<FromChild, { kind: K }>
    }
  }
  const ask = <K extends 'held' | 'log'>(kind: K): Promise<Extract<FromChild, { kind: K }>> => {
    const answer = next(kind)
    child.send(kind)
    return answer
  }
  const { port } = await next('ready')
  return {
    port,
    held: async () => (await ask('held')).held,
    log: () => ask('log'),
    async kill(signal) {
      child.kill(signal)
      await exited
    },
    async close() {
      child.send('stop')
      await exited
    },
  }
}

/** Records in the store of a daemon, whether it runs or not. */
export const rowsIn = (data_dir: string): number => {
  const db = new DatabaseSync(join(data_dir, 'oxd.db'), { readOnly: true })
  try {
    return Number(db.prepare('SELECT count(*) AS rows FROM records').get()?.['rows'])
  } finally {
    db.close()
  }
}
