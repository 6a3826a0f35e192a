// Requests over HTTP as tests send them: any method, any header, the answer whole.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { ServerCertificate } from './tls.ts'

/** Where a listener is; with `ca` it speaks TLS. */
export interface HttpPlace {
  readonly port: number
  /** The certificate that is trusted. */
  readonly ca?: string | undefined
}
export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** The caller's own certificate. */
  readonly client?: ServerCertificate
}
export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** What the text is, if it is JSON; else an empty object. */
  readonly body: Record<string, unknown>
}

const parsed = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** One request on a connection of its own. */
export const sendHttp = (
  { port, ca }: HttpPlace,
  path: string,
  { method = 'POST', headers = {}, body, client }: Sent = {},
): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, agent: false } as const
    const request =
      ca === undefined
        ? httpRequest(options)
        : httpsRequest({ ...options, ca, servername: 'localhost', ...client })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) })
      })
    })
    request.end(body)
  })

/** The parameters as JSON, as every client of oxd sends them. */
export const postJson = (
  place: HttpPlace,
  path: string,
  params: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> => {
  const body = JSON.stringify(params)
  return sendHttp(place, path, {
    body,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    },
  })
}
