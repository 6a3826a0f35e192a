// A daemon for tests, in this process, and callers that speak to it over its real socket.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../config.ts'
import { startDaemon, type Daemon, type Surroundings } from '../daemon.ts'
import { LIMITS, type Limits } from '../limits.ts'
import { encodeRequest, FrameReader } from '../serve/frame.ts'
import { openStore, type OpenedStore } from '../store/key.ts'
import { createMemoryEngine } from '../store/memory.ts'
import { createKeys } from '../store/seal.ts'
import { createStore } from '../store/store.ts'
import { realWorld, type LogFields, type LogLevel, type World } from '../world.ts'
import { postJson, type HttpAnswer, type HttpPlace } from './http_caller.ts'
import { createServerCertificate } from './tls.ts'

export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

export interface TestDaemonOptions {
  /** Further flags of `oxd serve`. */
  readonly argv?: readonly string[]
  readonly limits?: Partial<Limits>
  /** Both HTTP listeners, plain or with a certificate for 127.0.0.1 and localhost. */
  readonly http?: 'plain' | 'tls'
  /** The public listener, plain, for `PUBLIC_URL`. */
  readonly public?: true
  /** Milliseconds since the epoch; default: the real clock. */
  readonly now?: () => number
  /** A folder for SQLite; without it everything is in memory. */
  readonly data_dir?: string
  /** Who resolves the names of OPs; default: the system. */
  readonly lookup?: Surroundings['lookup']
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
  /** Where the HTTP listeners are, if `http` asked for them: that of 3.1 and that of 4.x. */
  readonly places: { readonly v3: HttpPlace; readonly v4: HttpPlace }
  /** What a stranger sends to the public listener: a path below `PUBLIC_URL`, or the whole address. */
  readonly stranger: Stranger
  /** Where the public listener is, if `public` asked for it. */
  readonly public_port: number | undefined
  /** One command over HTTP, on a connection of its own: `post('v4', '/get-user-info', { … }, { authorization })`. */
  readonly post: (
    dialect: 'v3' | 'v4',
    path: string,
    params: object,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<HttpAnswer>
  readonly reload: Daemon['reload']
  readonly close: Daemon['close']
}

export type Stranger = (address: string, sent?: RequestInit) => Promise<Response>

/** What strangers send goes to the public listener at this port. */
export const strangerAt =
  (port: number | undefined): Stranger =>
  (address, sent) =>
    fetch(`http://127.0.0.1:${port}${address.replace(PUBLIC_URL, '')}`, { redirect: 'manual', ...sent })

/** Where OPs are told that the public listener is. */
export const PUBLIC_URL = 'https://oxd.example.com/below'
const PUBLIC = ['--public-url', PUBLIC_URL, '--public-port', '0', '--insecure-plain-http']

const BOTH_PORTS = ['--https-port', '0', '--https31-port', '0']

/** The flags of the HTTP listeners, and what their certificate needs. */
const preparedHttp = async (
  http: TestDaemonOptions['http'],
): Promise<{ argv: readonly string[]; ca?: string; clean: () => Promise<void> }> => {
  const clean = async () => {}
  if (http === undefined) return { argv: [], clean }
  if (http === 'plain') return { argv: [...BOTH_PORTS, '--insecure-plain-http'], clean }
  const folder = await mkdtemp(join(tmpdir(), 'oxd-https-'))
  const { cert, key } = await createServerCertificate(undefined, {
    names: ['localhost'],
    addresses: ['127.0.0.1'],
  })
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  await writeFile(certFile, cert)
  await writeFile(keyFile, key, { mode: 0o600 })
  return {
    argv: [...BOTH_PORTS, '--tls-cert', certFile, '--tls-key', keyFile],
    ca: cert,
    clean: () => rm(folder, { recursive: true }),
  }
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
  const { data_dir, lookup } = options
  const opened =
    data_dir === undefined
      ? openInMemory(world)
      : await openStore({ data_dir, key_file: `${data_dir}.key`, world, limits })
  const { argv, ca, clean } = await preparedHttp(options.http)
  const config = readConfig(
    ['--port', '0', ...argv, ...(options.public ? PUBLIC : []), ...(options.argv ?? [])],
    {},
    '',
  )
  const admin_socket = data_dir && join(data_dir, 'admin.sock')
  const daemon = await startDaemon(config, { world, limits, opened, admin_socket, lookup, version: '0.0.0' })
  const { tcp, https, https31, public: shown } = daemon.addresses
  const public_port = shown?.port
  const port = tcp?.port ?? 0
  const places = { v3: { port: https31?.port ?? 0, ca }, v4: { port: https?.port ?? 0, ca } }
  return {
    port,
    places,
    post: (dialect, path, params, headers) => postJson(places[dialect], path, params, headers),
    stranger: strangerAt(public_port),
    public_port,
    reload: daemon.reload,
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
    async close() {
      await daemon.close()
      await clean()
    },
  }
}
