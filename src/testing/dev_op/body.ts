// The body of a request to the dev OP, up to a bound.
import type { IncomingMessage } from 'node:http'

/** Forms of ours are far smaller; a resource with a hundred long scopes fits. */
const BODY_BYTES_MAX = 32_768

/** The body as text; undefined when it is larger than that. */
export const bodyOf = async (req: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req) {
    // Node's requests yield Buffers unless an encoding was set.
    const bytes = chunk as Buffer
    size += bytes.length
    if (size > BODY_BYTES_MAX) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
