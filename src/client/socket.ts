// The way to oxd over its socket: frames on connections that stay open.
import { connect, type Socket } from 'node:net'
import { FrameReader, encodeRequest } from '../serve/frame.ts'
import { NO_REPLY, replyOf, type Connection, type ConnectionEvents, type Job, type Way } from './pool.ts'
import type { ClientLimits } from './limits.ts'
import { addressText, type SocketAddress } from './settings.ts'

type SocketLimits = Pick<ClientLimits, 'reply_bytes_max'>

class SocketConnection implements Connection {
  readonly #socket: Socket
  readonly #reader: FrameReader
  readonly #events: ConnectionEvents
  #job: Job | undefined
  #open = true

  constructor(address: SocketAddress, limits: SocketLimits, events: ConnectionEvents) {
    this.#events = events
    this.#reader = new FrameReader({ frame_bytes_max: limits.reply_bytes_max })
    this.#socket = connect({ ...address, noDelay: true })
    let cause: unknown
    this.#socket
      .on('data', (chunk: Buffer) => this.#take(chunk))
      .on('error', (error) => {
        cause = error
      })
      .on('end', () => this.end(undefined))
      .on('close', () => this.end(cause))
  }

  get job(): Job | undefined {
    return this.#job
  }

  carry(job: Job): void {
    this.#job = job
    this.#socket.ref()
    if (this.#socket.connecting) this.#socket.once('connect', () => this.#write(job))
    else this.#write(job)
  }

  rest(): void {
    this.#job = undefined
    this.#socket.unref()
  }

  end(cause: unknown): void {
    if (!this.#open) return
    this.#open = false
    this.#socket.destroy()
    this.#events.ended(this, cause)
  }

  #write(job: Job): void {
    if (!this.#open || this.#job !== job) return
    job.sent = true
    this.#socket.write(job.bytes)
  }

  #take(chunk: Buffer): void {
    if (!this.#open) return
    // Nothing was asked: whatever this is, it must not become the answer to the next question.
    if (this.#job === undefined) return this.end(undefined)
    this.#job.answered = true
    this.#reader.push(chunk)
    const frame = this.#reader.next()
    if (frame === undefined) return undefined
    // More than one reply to one command: which of them is ours is not known.
    const only = this.#reader.next() === undefined && !this.#reader.midFrame && !this.#reader.closed
    this.#events.replied(this, frame.kind === 'object' && only ? replyOf(frame.value) : NO_REPLY)
  }
}

/** Frames as `oxd serve` reads them; a token travels among the parameters. */
export const socketTo = (address: SocketAddress, limits: SocketLimits): Way => {
  const place = addressText(address)
  return {
    place,
    encode: ({ command, params, token }) =>
      encodeRequest({
        command,
        params: token === undefined ? params : { ...params, protection_access_token: token },
        oxd: 1,
      }),
    connect: (events) => new SocketConnection(address, limits, events),
    advice: () => `is oxd running on ${place}?`,
  }
}
