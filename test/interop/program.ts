// Starts a program that is an OP, waits until it answers, and stops that program alone.
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../src/testing/free_port.ts'

/** From its start to its first answer, and from its end being asked for to its end. */
const READY_MS = 30_000
const STOP_MS = 5_000
const LOOK_MS = 50

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** Its folder; what it writes stays there. */
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether it answers. */
  readonly ready: () => Promise<boolean>
}

export interface Running {
  readonly stop: () => Promise<void>
}

const TRIES_MAX = 5

/** Starts something at a free port; at another one, where somebody else was faster. @throws what the last try threw */
export const atFreePort = async <T>(start: (port: number) => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort())
    } catch (error) {
      if (tries === TRIES_MAX) throw error
    }
  }
}

/** @throws Error with the end of what the program said, when it ends or does not answer in time */
export const startProgram = async (program: Program): Promise<Running> => {
  const { command, args, cwd, env = {}, ready } = program
  // A group of its own: workers end with their master.
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let said = ''
  const hear = (chunk: Buffer): void => void (said = `${said}${chunk}`.slice(-4_000))
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const end: { how?: string } = {}
  child.once('error', (error) => (end.how = error.message))
  child.once('exit', (code, by) => (end.how ??= `it ended with ${code ?? by}`))
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name)
    } catch {
      // It has ended.
    }
  }
  const kill = (): void => signal('SIGKILL')
  process.once('exit', kill)
  const stop = async (): Promise<void> => {
    signal('SIGTERM')
    for (let waited = 0; end.how === undefined && waited < STOP_MS; waited += LOOK_MS) await delay(LOOK_MS)
    kill()
    process.off('exit', kill)
  }
  for (let waited = 0; waited < READY_MS; waited += LOOK_MS) {
    if (end.how !== undefined) break
    if (await ready().catch(() => false)) return { stop }
    await delay(LOOK_MS)
  }
  await stop()
  throw new Error(`${command} did not start (${end.how ?? `no answer in ${READY_MS} ms`}):\n${said}`)
}
