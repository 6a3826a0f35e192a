// The frames of the socket wire, from bytes and to bytes. Pure: the daemon and the library share it.
import type { Limits } from '../limits.ts'

export type Frame =
  | {
      readonly kind: 'object'
      readonly value: Readonly<Record<string, unknown>>
      /** Header and body as received. */
      readonly raw: Buffer
    }
  /** To be answered with this code; `close`: where the next frame begins is not known. */
  | { readonly kind: 'bad'; readonly code: 'malformed_json' | 'frame_too_large'; readonly close: boolean }
  /** Another protocol, or nonsense: to be closed without an answer. */
  | { readonly kind: 'not_a_frame' }

/** Two more than the largest header of a known client (Node: `00100{`), and enough for the longest reply. */
const HEADER_DIGITS_MAX = 7
const HEADER_DIGITS = 4
const HELD_BYTES_MIN = 512
const NOTHING = Buffer.alloc(0)
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const OPEN = 0x7b
const CLOSE = 0x7d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30
const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 0x39
/** RFC 8259 section 2. */
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d

/** The bytes begin, after white space, with `{`: so what parses is an object. */
const parseObject = (bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined => {
  try {
    return JSON.parse(UTF8.decode(bytes))
  } catch {
    return undefined
  }
}

/**
 * Where the reader stands: before the first byte of the connection, between frames, in the digits, in white space
 * before the body, in the object (in a string of it, after a backslash there), in what the header counts beyond the
 * object, in a body that is no object, or at the end of all reading.
 */
type Place =
  | 'start'
  | 'between'
  | 'header'
  | 'lead'
  | 'object'
  | 'string'
  | 'escape'
  | 'tail'
  | 'opaque'
  | 'closed'

/**
 * Finds the frames in a stream of bytes, however it is cut into chunks: requests in the daemon, replies in the library.
 *
 * The header is the digits before the first `{`: four of them by the book, three from PHP, Ruby and C#, five from Node,
 * none from C#. Its number counts bytes, UTF-16 units or code points, which is never more than the bytes; so that many
 * bytes are awaited, and if they end within the object, it is followed to its end. Each byte is looked at once.
 *
 * Frames are taken one by one, so that a chunk of many small frames costs no more memory than its bytes.
 */
export class FrameReader {
  readonly #bytesMax: number
  #chunks: Uint8Array[] = []
  #offset = 0
  #place: Place = 'start'
  /** Header and body so far. */
  #held = NOTHING
  #length = 0
  #digits = 0
  #declared: number | undefined
  #depth = 0
  #objectEnd = 0
  #ascii = true
  #characters = 0
  #continuations = 0

  constructor(limits: Pick<Limits, 'frame_bytes_max'>) {
    this.#bytesMax = limits.frame_bytes_max
  }

  push(chunk: Uint8Array): void {
    if (this.#place !== 'closed') this.#chunks.push(chunk)
  }

  /** The next complete frame, or undefined until more bytes are pushed. */
  next(): Frame | undefined {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      for (let byte = chunk[this.#offset]; byte !== undefined; byte = chunk[this.#offset]) {
        this.#offset += 1
        const frame = this.#step(byte)
        if (frame !== undefined) return frame
      }
      this.#chunks.shift()
      this.#offset = 0
    }
    return undefined
  }

  /** A frame has begun and is not complete. */
  get midFrame(): boolean {
    return this.#place !== 'start' && this.#place !== 'between' && this.#place !== 'closed'
  }

  /** After a frame that says so, everything further is ignored. */
  get closed(): boolean {
    return this.#place === 'closed'
  }

  #step(byte: number): Frame | undefined {
    switch (this.#place) {
      case 'start':
      case 'between':
        return this.#begin(byte)
      case 'header':
        return this.#header(byte)
      default:
        return this.#body(byte)
    }
  }

  #begin(byte: number): Frame | undefined {
    if (this.#place === 'between' && isSpace(byte)) return undefined
    if (byte === OPEN) return this.#body(byte)
    // A browser's POST or any other protocol ends here, before it has had an effect.
    if (!isDigit(byte)) return this.#notAFrame()
    return this.#header(byte)
  }

  #header(byte: number): Frame | undefined {
    if (isDigit(byte)) {
      if (this.#digits === HEADER_DIGITS_MAX) return this.#notAFrame()
      this.#place = 'header'
      this.#digits += 1
      this.#declared = (this.#declared ?? 0) * 10 + byte - ZERO
      this.#keep(byte)
      return undefined
    }
    if (byte !== OPEN && !isSpace(byte) && this.#digits !== HEADER_DIGITS) return this.#notAFrame()
    // Digits may follow as the next header: where it would begin is not known.
    if (this.#declared === 0) return this.#bad('malformed_json', true)
    if ((this.#declared ?? 0) > this.#bytesMax) return this.#bad('frame_too_large', true)
    this.#place = 'lead'
    return this.#body(byte)
  }

  #body(byte: number): Frame | undefined {
    this.#keep(byte)
    this.#count(byte)
    const early = this.#scan(byte)
    if (early !== undefined) return early

    const size = this.#length - this.#digits
    if (this.#place === 'tail' && size >= (this.#declared ?? 0)) return this.#finish()
    if (this.#declared !== undefined) {
      // No rule of counting reaches further than this many code points.
      const counted = this.#place === 'opaque' ? size : this.#characters
      if (counted >= this.#declared) return this.#bad('malformed_json', !this.#ascii)
    }
    if (size >= this.#bytesMax) return this.#bad('frame_too_large', true)
    return undefined
  }

  /** Follows strings and braces; the parser decides later whether it is JSON. */
  #scan(byte: number): Frame | undefined {
    switch (this.#place) {
      case 'start':
      case 'between':
      case 'lead':
        if (byte === OPEN) {
          this.#place = 'object'
          this.#depth = 1
        } else if (!isSpace(byte)) {
          if (this.#digits !== HEADER_DIGITS) return this.#notAFrame()
          this.#place = 'opaque'
        }
        return undefined
      case 'object':
        if (byte === QUOTE) this.#place = 'string'
        else if (byte === OPEN) this.#depth += 1
        else if (byte === CLOSE) this.#depth -= 1
        if (this.#depth === 0) {
          this.#place = 'tail'
          this.#objectEnd = this.#length
        }
        return undefined
      case 'string':
        if (byte === QUOTE) this.#place = 'object'
        else if (byte === BACKSLASH) this.#place = 'escape'
        return undefined
      case 'escape':
        this.#place = 'string'
        return undefined
      case 'tail':
        return isSpace(byte) ? undefined : this.#endBefore()
      default:
        return undefined
    }
  }

  /** The header counts beyond the object, into something that is not white space: its bytes are not JSON as a whole. */
  #endBefore(): Frame | undefined {
    const value = parseObject(this.#held.subarray(this.#digits, this.#objectEnd))
    if (value === undefined) {
      this.#place = 'opaque'
      return undefined
    }
    const raw = this.#held.subarray(0, this.#objectEnd)
    this.#offset -= 1
    this.#reset('between')
    return { kind: 'object', value, raw }
  }

  #finish(): Frame {
    const raw = this.#held.subarray(0, this.#length)
    const value = parseObject(raw.subarray(this.#digits))
    if (value === undefined) return this.#bad('malformed_json', this.#declared === undefined || !this.#ascii)
    this.#reset('between')
    return { kind: 'object', value, raw }
  }

  #bad(code: 'malformed_json' | 'frame_too_large', close: boolean): Frame {
    this.#reset(close ? 'closed' : 'between')
    return { kind: 'bad', code, close }
  }

  #notAFrame(): Frame {
    this.#reset('closed')
    return { kind: 'not_a_frame' }
  }

  #reset(place: 'between' | 'closed'): void {
    this.#place = place
    if (place === 'closed') this.#chunks = []
    this.#held = NOTHING
    this.#length = 0
    this.#digits = 0
    this.#declared = undefined
    this.#depth = 0
    this.#objectEnd = 0
    this.#ascii = true
    this.#characters = 0
    this.#continuations = 0
  }

  /** Grows with what has arrived, not with what a header promises. */
  #keep(byte: number): void {
    if (this.#length === this.#held.length) {
      const room = Math.min(Math.max(HELD_BYTES_MIN, this.#length * 2), this.#bytesMax + HEADER_DIGITS_MAX)
      const grown = Buffer.allocUnsafe(room)
      this.#held.copy(grown)
      this.#held = grown
    }
    this.#held[this.#length] = byte
    this.#length += 1
  }

  /** Counts complete code points; a broken sequence counts as one, and is refused when the body is decoded. */
  #count(byte: number): void {
    if (byte >= 0x80) this.#ascii = false
    if (this.#continuations > 0 && (byte & 0xc0) === 0x80) {
      this.#continuations -= 1
    } else {
      if (this.#continuations > 0) this.#characters += 1
      this.#continuations = byte < 0xc0 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    }
    if (this.#continuations === 0) this.#characters += 1
  }
}

/** JSON in which bytes, UTF-16 units and code points are the same number, whichever a reader counts. */
const ascii = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const headerOf = (body: string): string => String(body.length).padStart(HEADER_DIGITS, '0')

const frameOf = (body: string): Buffer => Buffer.from(headerOf(body) + body, 'latin1')

/** Ends soon: a body has room for fewer different numbers than it has characters. */
const withoutItsHeader = (json: string, charactersMax: number): string => {
  let body = json
  while (body.length <= charactersMax && body.includes(headerOf(body))) body += ' '
  return body
}

/**
 * A reply as one buffer, for one write: readers that take the first chunk for the whole reply exist.
 *
 * Old readers know four digits, and oxd-php deletes each occurrence of them from the reply: so spaces are appended until the digits
 * do not occur in the body. `long`, for our own library, has as many digits as the length needs, and no such padding.
 */
export const encodeReply = (
  value: object,
  { long }: { readonly long: boolean },
  limits: Pick<Limits, 'reply_characters_max' | 'long_reply_characters_max'>,
): Buffer | 'reply_too_large' => {
  const max = long ? limits.long_reply_characters_max : limits.reply_characters_max
  const text = JSON.stringify(value)
  // It only grows.
  if (text.length > max) return 'reply_too_large'
  const json = ascii(text)
  const body = long ? json : withoutItsHeader(json, max)
  return body.length > max ? 'reply_too_large' : frameOf(body)
}

/** A request with a header of at least four digits. */
export const encodeRequest = (value: object): Buffer => frameOf(ascii(JSON.stringify(value)))
