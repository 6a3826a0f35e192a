// The way to OPs through an HTTP proxy: a CONNECT tunnel, and the hosts of NO_PROXY that go without.
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { StartError } from '../error.ts'
import { codeOf, Refusal } from './refusal.ts'

export interface Proxy {
  /** Does this host (no brackets) at this port go without the proxy? */
  readonly bypassed: (host: string, port: number) => boolean
  /**
   * A connection to the host, of which the proxy sees only ciphertext. The proxy resolves the name.
   * @throws Refusal (op_unreachable), or the reason of `signal`
   */
  readonly tunnel: (host: string, port: number, signal: AbortSignal) => Promise<Socket>
}

const bare = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')

/**
 * The rules of NO_PROXY as curl has them: names apart by commas or blanks; `example.com`, `.example.com` and
 * `*.example.com` stand for the name and all below it, `*` for everything; `:port` narrows; addresses only whole.
 */
export const bypasses = (no_proxy: string): Proxy['bypassed'] => {
  const rules = no_proxy
    .split(/[\s,]+/)
    .filter((rule) => rule !== '')
    .map((rule) => {
      const [, name = rule, port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(rule) ?? []
      return { name: bare(name).replace(/^\*?\./, ''), port: port === undefined ? undefined : Number(port) }
    })
  return (host, port) => {
    const asked = bare(host)
    return rules.some(
      (rule) =>
        (rule.port === undefined || rule.port === port) &&
        (rule.name === '*' || asked === rule.name || asked.endsWith(`.${rule.name}`)),
    )
  }
}

const proxyUrl = (op_proxy: string): URL => {
  const url = URL.canParse(op_proxy) ? new URL(op_proxy) : undefined
  // The value may hold a password, so it is not repeated.
  if (url?.protocol !== 'http:') throw new StartError('op_proxy is not of the form http://host:port.')
  return url
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new StartError('op_proxy has a user name or password with a stray % (write %25).')
  }
}

/** @throws StartError if `op_proxy` is not of the form `http://[user:password@]host[:port]` */
export const createProxy = (op_proxy: string, no_proxy: string): Proxy => {
  const { hostname, port, host: shown, username, password } = proxyUrl(op_proxy)
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`)
  const authorization =
    username === '' ? {} : { 'proxy-authorization': `Basic ${credentials.toString('base64')}` }

  return {
    bypassed: bypasses(no_proxy),

    tunnel: (host, toPort, signal) =>
      new Promise((resolve, reject) => {
        const authority = `${host.includes(':') ? `[${host}]` : host}:${toPort}`
        const asking = request({
          host: bare(hostname),
          port: port === '' ? 80 : Number(port),
          method: 'CONNECT',
          path: authority,
          headers: { host: authority, ...authorization },
          agent: false,
        })
        const stop = () => asking.destroy(new Error('stopped'))
        if (signal.aborted) stop()
        signal.addEventListener('abort', stop, { once: true })
        asking
          .on('connect', ({ statusCode = 0 }, socket) => {
            signal.removeEventListener('abort', stop)
            if (statusCode === 200) return resolve(socket)
            socket.destroy()
            const text = `The proxy ${shown} refused to connect to ${authority} (status ${statusCode}): ask its operator, check op_proxy, or name the host in NO_PROXY.`
            reject(new Refusal('op_unreachable', text))
          })
          .on('error', (error) => {
            signal.removeEventListener('abort', stop)
            if (signal.aborted) return reject(signal.reason)
            const text = `The proxy ${shown} cannot be used (${codeOf(error)}): check op_proxy.`
            reject(new Refusal('op_unreachable', text))
          })
          .end()
      }),
  }
}
