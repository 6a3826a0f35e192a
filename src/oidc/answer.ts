// Reads what an OP answered: decoded, counted while it arrives, never more than its bound.
import type { Readable, Transform } from 'node:stream'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { codeOf, Refusal } from './refusal.ts'

/** The door asks for identity, but some servers compress regardless; one coding is undone, layers of them are not. */
const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['identity', () => new PassThrough()],
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', () => createInflate()],
  ['br', () => createBrotliDecompress()],
])

export interface Arriving {
  readonly origin: string
  readonly status: number
  readonly headers: Headers
  readonly body: Readable
  /** What ends the request; its reason is thrown as it is. */
  readonly signal: AbortSignal
}

const malformed = (text: string) => new Refusal('op_answer_malformed', `${text}: see the log of the OP.`)

/**
 * The body as text, at most `max` bytes after decoding. Whatever goes wrong, the connection is destroyed.
 * A 2xx answer must be well-formed UTF-8, so that no two different values become one; error pages need not.
 * @throws Refusal (op_answer_too_large, op_answer_malformed), or the reason of `signal`
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-8.1
 */
export const readAnswer = async (
  { origin, status, headers, body, signal }: Arriving,
  max: number,
): Promise<string> => {
  const tooLarge = new Refusal(
    'op_answer_too_large',
    `${origin} sent more than ${max} bytes: check that the address is right.`,
  )
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    if (Number(headers.get('content-length')) > max) throw tooLarge
    const decoder = DECODERS.get(headers.get('content-encoding')?.trim().toLowerCase() || 'identity')
    if (decoder === undefined)
      throw malformed(`The answer of ${origin} has a content-encoding that oxd did not ask for`)
    await pipeline(body, decoder(), async (decoded: AsyncIterable<Buffer>) => {
      for await (const chunk of decoded) {
        bytes += chunk.length
        if (bytes > max) throw tooLarge
        chunks.push(chunk)
      }
    })
    // The byte order mark is kept, so that no JSON parser takes what has one.
    return new TextDecoder('utf-8', { fatal: status < 300, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch (error) {
    body.destroy()
    if (error instanceof Refusal) throw error
    signal.throwIfAborted()
    if (codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw malformed(`The answer of ${origin} is not UTF-8`)
    throw malformed(`The answer of ${origin} broke off or is garbled (${codeOf(error)})`)
  }
}
