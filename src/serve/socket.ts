// The socket transport: frames over TCP on loopback and over a Unix socket, one command at a time on each connection.
import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net'
import { setImmediate as inputIsRead, setTimeout as delay } from 'node:timers/promises'
import type { Dispatch, Request } from '../dispatch.ts'
import { StartError } from '../error.ts'
import type { ErrorCode } from '../error.ts'
import type { Limits } from '../limits.ts'
import type { Log } from '../world.ts'
import { encodeReply, FrameReader } from './frame.ts'

type Handlers = ReturnType<Dispatch['overSocket']>

export interface SocketOptions {
  /** An address, or `localhost` for 127.0.0.1; port 0 takes a free one. */
  readonly tcp?: { readonly host: string; readonly port: number } | undefined
  /** The path of a Unix socket, made with mode 0600. */
  readonly unix?: string | undefined
  readonly handle: Handlers['handle']
  readonly handleBad: Handlers['handleBad']
  readonly limits: Limits
  readonly log: Log
}

export interface Listening {
  readonly addresses: {
    readonly tcp: { readonly host: string; readonly port: number } | undefined
    readonly unix: string | undefined
  }
  /** Accepts nothing more, lets the commands under way be answered, refuses further ones; within `shutdown_ms`. */
  readonly close: () => Promise<void>
}

/** What a connection has to do next, in the order of its frames. */
type Turn =
  | {
      readonly kind: 'request'
      readonly value: Request
      readonly bytes: number
      /** The reply is held until then. */
      readonly hold: Promise<void> | undefined
    }
  | { readonly kind: 'refusal'; readonly code: ErrorCode; readonly close: boolean }
  | { readonly kind: 'leave' }

interface Conversation {
  /** Finishes what is under way, refuses what waits, and ends. */
  readonly stop: () => void
  /** Ends now. */
  readonly cut: () => void
}

/** One connection, from its first byte to its close. */
const converse = (
  socket: Socket,
  { handle, handleBad, limits, log }: SocketOptions,
  onClose: (conversation: Conversation) => void,
): Conversation => {
  const peer = socket.remotePort === undefined ? 'unix' : `${socket.remoteAddress}:${socket.remotePort}`
  const reader = new FrameReader(limits)
  const turns: Turn[] = []
  let waitingBytes = 0
  let frames = 0
  /** The first frame, as long as a copy of it would be the twin that oxd-php sends. */
  let twin: Buffer | undefined
  let working = false
  /** The peer sends nothing more. */
  let ended = false
  let stopping = false
  /** The last answer is written: what comes in is discarded. */
  let left = false
  /** Ends what only waits. */
  const over = new AbortController()
  let frameTimer: NodeJS.Timeout | undefined
  let closeTimer: NodeJS.Timeout | undefined

  /** Closing at once with unread input would reset the connection under the answer: the input is discarded for a while. */
  const leave = (): void => {
    left = true
    socket.end()
    socket.resume()
    closeTimer = setTimeout(() => socket.destroy(), limits.close_ms_max)
  }

  /** In one write, because clients take the first chunk for the whole reply; done when the peer's side has taken it. */
  const write = (frame: Buffer): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), limits.reply_ms_max)
      socket.write(frame, () => {
        clearTimeout(timer)
        resolve()
      })
    })

  const refusal = (code: ErrorCode, request?: Request): Buffer => {
    const frame = encodeReply(handleBad(code, peer, request), { long: false }, limits)
    if (frame === 'reply_too_large') throw new Error(`the refusal ${code} does not fit into a frame`)
    return frame
  }

  const answer = async (request: Request): Promise<Buffer> => {
    if (stopping) return refusal('shutting_down', request)
    const { reply, long } = await handle(request, peer, over.signal)
    const frame = encodeReply(reply, { long }, limits)
    return frame === 'reply_too_large' ? refusal(frame, request) : frame
  }

  const take = async (turn: Turn): Promise<void> => {
    if (turn.kind === 'leave') {
      leave()
    } else if (turn.kind === 'refusal') {
      await write(refusal(turn.code))
      if (turn.close) leave()
    } else {
      const frame = await answer(turn.value)
      await turn.hold
      // On a busy machine the twin has arrived by now, but was not read yet: one round of input comes first.
      if (turn.hold !== undefined) await inputIsRead()
      twin = undefined
      await write(frame)
    }
  }

  const work = async (): Promise<void> => {
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      if (turn.kind === 'request') waitingBytes -= turn.bytes
      await take(turn)
      if (left || socket.destroyed) return
      read()
    }
    if (ended || stopping) leave()
    else working = false
  }

  const goOn = (): void => {
    if (working) return
    working = true
    work().catch((error: unknown) => {
      // The text of an error that nobody foresaw may hold a secret.
      log('error', 'a connection failed', { peer, error: error instanceof Error ? error.name : typeof error })
      socket.destroy()
    })
  }

  /** The last word, after the frames before it: whatever the peer sends behind it is not answered. */
  const refuse = (code: ErrorCode): void => {
    turns.push({ kind: 'refusal', code, close: true })
    goOn()
  }

  const request = (value: Request, raw: Buffer): void => {
    const isTwin = twin?.equals(raw) === true
    // Only the second frame of a connection can be a twin: anywhere else an equal frame is another user's command.
    twin = undefined
    if (isTwin) return
    // Our own library sends each frame once, and need not wait.
    const mayHaveTwin = frames === 1 && value['oxd'] !== 1
    if (mayHaveTwin) twin = raw
    waitingBytes += raw.length
    turns.push({
      kind: 'request',
      value,
      bytes: raw.length,
      hold: mayHaveTwin ? delay(limits.twin_hold_ms) : undefined,
    })
  }

  const hasRoom = (): boolean =>
    turns.length < limits.waiting_frames_max && waitingBytes < limits.frame_bytes_max

  const read = (): void => {
    let completed = false
    while (hasRoom()) {
      const frame = reader.next()
      if (frame === undefined) break
      completed = true
      frames += 1
      if (frame.kind === 'object') request(frame.value, frame.raw)
      else if (frame.kind === 'bad') turns.push({ kind: 'refusal', code: frame.code, close: frame.close })
      else turns.push({ kind: 'leave' })
    }
    // Each frame has its own time, however many bytes of it drip in; between frames there is none.
    if (completed || !reader.midFrame) {
      clearTimeout(frameTimer)
      frameTimer = undefined
    }
    if (reader.midFrame) frameTimer ??= setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)
    if (hasRoom()) socket.resume()
    else socket.pause()
    goOn()
  }

  const conversation: Conversation = {
    stop: () => {
      stopping = true
      over.abort()
      if (reader.midFrame) refuse('shutting_down')
      else if (!working) socket.destroy()
    },
    cut: () => {
      socket.destroy()
    },
  }

  socket.on('data', (chunk: Buffer) => {
    if (left) return
    reader.push(chunk)
    read()
  })
  socket.on('end', () => {
    ended = true
    over.abort()
    if (reader.midFrame) refuse('frame_incomplete')
    goOn()
  })
  // A reset by the peer; 'close' follows.
  socket.on('error', () => {})
  socket.on('close', () => {
    over.abort()
    clearTimeout(frameTimer)
    clearTimeout(closeTimer)
    onClose(conversation)
  })
  return conversation
}

const TCP_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use, perhaps by another oxd: stop that program, or choose another port with --port.',
  EACCES: 'is not allowed to this account: choose a port from 1024 on with --port.',
  EADDRNOTAVAIL: 'is not an address of this machine: choose another with --bind.',
}
const UNIX_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use, perhaps by another oxd: stop that program, or choose another path with --unix.',
  // Node says EACCES for an absent folder, too.
  EACCES:
    'cannot be made: its folder must exist and let this account write, or choose another path with --unix.',
  EINVAL: 'is too long for the path of a socket: choose a shorter one with --unix.',
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'

const start = (server: Server, where: ListenOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })

const listenTcp = async (
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<AddressInfo> => {
  // The name has an IPv6 address, too; old clients know only the other one.
  const address = host === 'localhost' ? '127.0.0.1' : host
  try {
    await start(server, { host: address, port })
  } catch (error) {
    const shown = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
    const problem = TCP_PROBLEMS[codeOf(error)] ?? `cannot be listened on (${codeOf(error)}).`
    throw new StartError(`${shown} ${problem}`, { cause: error })
  }
  // A TCP server that listens has an AddressInfo; the string is for pipes, null for servers that do not listen.
  return server.address() as AddressInfo
}

/** Resolves to undefined when somebody answers, else to the code of the error. */
const connectProblem = (path: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(undefined)
    })
    probe.once('error', (error) => resolve(codeOf(error)))
  })

/** A daemon that was killed leaves its socket behind, and a socket that exists cannot be listened on. */
const removeStale = async (path: string): Promise<void> => {
  const found = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new StartError(`${path} cannot be looked at (${codeOf(error)}): choose another path with --unix.`, {
      cause: error,
    })
  })
  if (found === undefined) return
  if (!found.isSocket()) {
    throw new StartError(`${path} exists and is not a socket: remove it, or choose another path with --unix.`)
  }
  const problem = await connectProblem(path)
  if (problem === undefined) {
    throw new StartError(`another oxd listens on ${path}: stop it, or choose another path with --unix.`)
  }
  // Only a refusal says that nobody listens; a socket that is busy or not ours is left alone.
  if (problem !== 'ECONNREFUSED') {
    throw new StartError(
      `${path} is a socket that cannot be tried (${problem}): choose another path with --unix.`,
    )
  }
  await unlink(path)
}

/**
 * The file is made inside `listen`, before it returns, with the mode that the umask leaves: at no time is it open to
 * others. The umask belongs to the whole process; as it is restored before anything else can run, only a file that
 * another thread makes at this very moment could meet it, and that one would be closed to others, not opened.
 */
const listenUnix = async (server: Server, path: string): Promise<string> => {
  await removeStale(path)
  const before = process.umask(0o177)
  let started: Promise<void>
  try {
    started = start(server, { path })
  } finally {
    process.umask(before)
  }
  try {
    await started
  } catch (error) {
    throw new StartError(
      `${path} ${UNIX_PROBLEMS[codeOf(error)] ?? `cannot be listened on (${codeOf(error)}).`}`,
      {
        cause: error,
      },
    )
  }
  return path
}

/**
 * Listens on the addresses that are given, all or none.
 *
 * @throws StartError, with what to do, when an address is taken or not allowed.
 */
export const listen = async (options: SocketOptions): Promise<Listening> => {
  const { limits, log } = options
  const conversations = new Set<Conversation>()
  const servers: Server[] = []
  let full = false
  let closed: Promise<void> | undefined

  const newServer = (): Server => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      if (conversations.size >= limits.connections_max) {
        socket.destroy()
        if (!full) log('warn', 'too many connections', { connections_max: limits.connections_max })
        full = true
        return
      }
      conversations.add(
        converse(socket, options, (conversation) => {
          conversations.delete(conversation)
          full = false
        }),
      )
    })
    servers.push(server)
    return server
  }

  const closeAll = async (): Promise<void> => {
    const ends = servers.map((server) => new Promise((resolve) => server.close(resolve)))
    for (const conversation of conversations) conversation.stop()
    const timer = setTimeout(() => {
      for (const conversation of conversations) conversation.cut()
    }, limits.shutdown_ms)
    await Promise.all(ends)
    clearTimeout(timer)
  }
  const close = (): Promise<void> => (closed ??= closeAll())

  try {
    const tcp = options.tcp === undefined ? undefined : await listenTcp(newServer(), options.tcp)
    const unix = options.unix === undefined ? undefined : await listenUnix(newServer(), options.unix)
    // Out of file descriptors, for example: the daemon goes on with the connections that it has.
    for (const server of servers)
      server.on('error', (error) => log('warn', 'accept failed', { error: codeOf(error) }))
    return { addresses: { tcp: tcp && { host: tcp.address, port: tcp.port }, unix }, close }
  } catch (error) {
    await close()
    throw error
  }
}
