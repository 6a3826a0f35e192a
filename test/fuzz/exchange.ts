// Bytes to a port, and whatever comes back until the connection ends.
import { connect } from 'node:net'

const ANSWER_MS_MAX = 15_000

/** What the daemon says to these bytes until it, or the peer, has had enough. */
export const exchange = (port: number, bytes: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no end of the answer within ${ANSWER_MS_MAX} ms`))
    }, ANSWER_MS_MAX)
    socket.on('data', (chunk) => void chunks.push(chunk))
    // A reset is an end, too.
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks))
    })
    socket.end(bytes)
  })
