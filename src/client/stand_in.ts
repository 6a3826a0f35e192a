// For the tests of the library: a peer that speaks the wire of oxd and answers as the test says. The real daemon is tested elsewhere.
import { createServer, type Server, type Socket } from 'node:net'
import { FrameReader, encodeReply } from '../serve/frame.ts'
import { CLIENT_LIMITS } from './limits.ts'

const LIMITS = {
  frame_bytes_max: CLIENT_LIMITS.reply_bytes_max,
  reply_characters_max: 9_999,
  long_reply_characters_max: CLIENT_LIMITS.reply_bytes_max,
}

export interface Asked {
  readonly command: string
  readonly params: Readonly<Record<string, unknown>>
  readonly oxd: unknown
}
/** An object is the `data` of a success; undefined: no answer; a function does with the connection what it likes. */
export type Answer = Readonly<Record<string, unknown>> | undefined | ((socket: Socket) => void)

export interface StandIn {
  readonly port: number
  readonly asked: Asked[]
  readonly sockets: Set<Socket>
  /** Connections made so far. */
  readonly connections: () => number
  /** Closes the server and all connections. */
  readonly stop: () => Promise<void>
}

export const refusal = (error: string, error_description: string, details?: unknown) => (socket: Socket) => {
  const reply = encodeReply(
    { status: 'error', data: { error, error_description, details } },
    { long: true },
    LIMITS,
  )
  socket.write(reply)
}

/** Starts a peer on 127.0.0.1, or on a path; port 0 is any free one. */
export const standIn = async (
  answer: (asked: Asked) => Answer | Promise<Answer>,
  at: number | string = 0,
): Promise<StandIn> => {
  const asked: Asked[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server: Server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    const reader = new FrameReader(LIMITS)
    socket
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket))
      .on('data', async (chunk: Buffer) => {
        reader.push(chunk)
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
          if (frame.kind !== 'object') return void socket.destroy()
          const { command, params, oxd } = frame.value
          // Only our own library connects here.
          const one = { command: String(command), params: params as Asked['params'], oxd }
          asked.push(one)
          const data = await answer(one)
          if (socket.destroyed || data === undefined) continue
          if (typeof data === 'function') data(socket)
          else {
            const reply = encodeReply({ status: 'ok', data }, { long: true }, LIMITS)
            if (reply !== 'reply_too_large') socket.write(reply)
          }
        }
        return undefined
      })
  })
  await new Promise<void>((resolve) => {
    if (typeof at === 'string') server.listen(at, resolve)
    else server.listen(at, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    asked,
    sockets,
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
