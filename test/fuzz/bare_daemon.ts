// The daemon for fuzz targets: in memory, with an OP beside it, and with no way to anywhere else.
import { readConfig } from '../../src/config.ts'
import { startDaemon, type Daemon } from '../../src/daemon.ts'
import { LIMITS } from '../../src/limits.ts'
import { createMemoryEngine } from '../../src/store/memory.ts'
import { createKeys } from '../../src/store/seal.ts'
import { createStore } from '../../src/store/store.ts'
import { realWorld } from '../../src/world.ts'

/** Nothing listens there: what would leave this machine ends at once. */
const NOWHERE = 'http://127.0.0.1:1'

export interface BareDaemon {
  readonly daemon: Daemon
  /** What no input may lead to, since the last call: exceptions that nobody foresaw. */
  readonly surprises: () => readonly string[]
  /** The commands that were run since the last call. */
  readonly commands: () => readonly string[]
}

export const startBareDaemon = async (argv: readonly string[]): Promise<BareDaemon> => {
  let surprises: string[] = []
  let commands: string[] = []
  const world = realWorld((level, message, fields = {}) => {
    if (message === 'command' && fields['outcome'] === 'ok') commands.push(String(fields['command']))
    if (level === 'error') surprises.push(`${message} ${JSON.stringify(fields)}`)
  })
  const limits = {
    ...LIMITS,
    op_connect_ms: 500,
    op_total_ms: 10_000,
    twin_hold_ms: 0,
    sweep_interval_ms: 5_000,
  }
  const keys = createKeys(world.random(32))
  const store = createStore(
    createMemoryEngine(() => Math.floor(world.now() / 1_000)),
    keys,
    world,
    limits,
  )
  const config = readConfig(['--port', '0', '--op-proxy', NOWHERE, ...argv], {}, '')
  const daemon = await startDaemon(config, { world, limits, opened: { keys, store }, version: '0.0.0' })
  return {
    daemon,
    surprises() {
      const seen = surprises
      surprises = []
      return seen
    },
    commands() {
      const seen = commands
      commands = []
      return seen
    },
  }
}
