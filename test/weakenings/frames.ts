// Bytes that are no frame, frames that are too large, headers that lie; replies that every old client can read.
import { weakenings } from './rows.ts'

export const FRAMES = weakenings('src/serve/frame.ts', 'src/serve/frame.test.ts', [
  [
    'frames: what comes before a frame is skipped',
    'if (!isDigit(byte)) return this.#notAFrame()',
    'if (!isDigit(byte)) return undefined',
    '^the reader and (HTTP|TLS|white space first)$',
  ],
  [
    'frames: a header has any number of digits',
    'if (this.#digits === HEADER_DIGITS_MAX) return this.#notAFrame()',
    '',
    '^the reader and eight digits$',
  ],
  [
    'frames: three digits may stand before what is no object',
    'if (this.#digits !== HEADER_DIGITS) return this.#notAFrame()',
    '',
    '^the reader and three digits, white space, no object$',
  ],
  [
    'frames: a header of zero is passed over',
    "if (this.#declared === 0) return this.#bad('malformed_json', true)",
    '',
    '^the reader and a header of zero$',
  ],
  [
    'frames: a header may promise any length',
    "if ((this.#declared ?? 0) > this.#bytesMax) return this.#bad('frame_too_large', true)",
    '',
    '^the reader and declared (too|far too) large$',
  ],
  [
    'frames: a body may have any length',
    "if (size >= this.#bytesMax) return this.#bad('frame_too_large', true)",
    '',
    '^the reader and (too large without a header|undercounted and too large)$',
  ],
  [
    'frames: bytes are kept after the end of all reading',
    "if (this.#place !== 'closed') this.#chunks.push(chunk)",
    'this.#chunks.push(chunk)',
    '^a stream that is no frame is not kept$',
  ],
  [
    'frames: a header that counts too far swallows the next frame',
    'return isSpace(byte) ? undefined : this.#endBefore()',
    'return undefined',
    '^the reader and header counts into the next frame$',
  ],
  [
    'frames: a header that counts too short waits for ever',
    "if (counted >= this.#declared) return this.#bad('malformed_json', !this.#ascii)",
    '',
    '^the reader and (a brace too few|a quote too few), counted$',
  ],
  [
    'frames: the place of the next frame is guessed',
    "if (counted >= this.#declared) return this.#bad('malformed_json', !this.#ascii)",
    "if (counted >= this.#declared) return this.#bad('malformed_json', false)",
    '^the reader and not ASCII, (not an object in time|no object)$',
  ],
  [
    'frames: text that is no UTF-8 is taken for what it resembles',
    "const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })",
    "const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })",
    '^the reader and (invalid|overlong) UTF-8$',
  ],
  [
    'replies: letters beyond ASCII',
    "json.replace(/[\\u007f-\\uffff]/g, (unit) => `\\\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)",
    'json',
    '^replies: everything that is not ASCII is escaped$',
  ],
  [
    'replies: the digits of the header occur in the body',
    "while (body.length <= charactersMax && body.includes(headerOf(body))) body += ' '",
    '',
    '^replies: the digits of the header do not occur in the body$',
  ],
  [
    'replies: any length',
    "return body.length > max ? 'reply_too_large' : frameOf(body)",
    'return frameOf(body)',
    '^replies: too large for the wire$',
  ],
])
