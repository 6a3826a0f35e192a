// A daemon for tests, in this process, and callers that speak to it over its real socket.
import { connect, type Socket } from 'node:net'
import { readConfig } from '../config.ts'
import { startDaemon, type Daemon } from '../daemon.ts'
import { LIMITS, type Limits } from '../limits.ts'
import { encodeRequest, FrameReader } from '../serve/frame.ts'
import { openStore, type OpenedStore } from '../store/key.ts'
import { createMemoryEngine } from '../store/memory.ts'
import { createKeys } from '../store/seal.ts'
import { createStore } from '../store/store.ts'
import { realWorld, type LogFields, type LogLevel, type World } from '../world.ts'

export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

export interface TestDaemonOptions {
  /** Further flags of `oxd serve`. */
  readonly argv?: readonly string[]
  readonly limits?: Partial<Limits>
  /** Milliseconds since the epoch; default: the real clock. */
  readonly now?: () => number
  /** A folder for SQLite; without it everything is in memory. */
  readonly data_dir?: string
}

export type Data = Record<string, unknown>
export interface Envelope {
  readonly status: 'ok' | 'error'
  readonly data: Data
}

export interface TestDaemon {
  readonly port: number
  readonly log: readonly LogLine[]
  readonly opened: OpenedStore
  /** One command on a connection of its own. */
  readonly call: (command: string, params: Data, more?: Data) => Promise<Envelope>
  readonly close: Daemon['close']
}

const READER_LIMITS = { frame_bytes_max: LIMITS.long_reply_characters_max }

/** A connection that sends requests and awaits their replies, in order. */
export class Caller {
  readonly socket: Socket
  readonly #reader = new FrameReader(READER_LIMITS)
  readonly #waiting: { resolve: (reply: Envelope) => void; reject: (error: Error) => void }[] = []

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.socket.on('data', (chunk) => {
      this.#reader.push(chunk)
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        if (frame.kind !== 'object') this.socket.destroy(new Error(`no reply but ${frame.kind}`))
        // The daemon's replies are envelopes; the tests look at what is in them.
        else this.#waiting.shift()?.resolve(frame.value as unknown as Envelope)
      }
    })
    const gone = (error?: Error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error ?? new Error('closed without a reply'))
    }
    this.socket.on('error', gone)
    this.socket.on('close', () => gone())
  }

  /** Sends these bytes as they are, and awaits one reply. */
  write(bytes: Buffer | string): Promise<Envelope> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.socket.write(bytes)
    })
  }

  call(command: string, params: Data, more: Data = {}): Promise<Envelope> {
    return this.write(encodeRequest({ command, params, ...more }))
  }

  close(): void {
    this.socket.destroy()
  }
}

const openInMemory = (world: World): OpenedStore => {
  const keys = createKeys(world.random(32))
  const engine = createMemoryEngine(() => Math.floor(world.now() / 1000))
  return { keys, store: createStore(engine, keys, world, LIMITS) }
}

/** Starts a daemon on a free port, which trusts the OPs of `argv`'s `--trust-op`. */
export const startTestDaemon = async (options: TestDaemonOptions = {}): Promise<TestDaemon> => {
  const log: LogLine[] = []
  const real = realWorld((level, message, fields = {}) => void log.push({ level, message, fields }))
  const world: World = { ...real, now: options.now ?? real.now }
  const limits = { ...LIMITS, ...options.limits }
  const { data_dir } = options
  const opened =
    data_dir === undefined
      ? openInMemory(world)
      : await openStore({ data_dir, key_file: `${data_dir}.key`, world, limits })
  const config = readConfig(['--port', '0', ...(options.argv ?? [])], {}, '')
  const daemon = await startDaemon(config, { world, limits, opened, version: '0.0.0' })
  const port = daemon.addresses.tcp?.port ?? 0
  return {
    port,
    log,
    opened,
    async call(command, params, more) {
      const caller = new Caller(port)
      try {
        return await caller.call(command, params, more)
      } finally {
        caller.close()
      }
    },
    close: daemon.close,
  }
}
