// The HTTP listeners that the settings ask for: one for each dialect, over one certificate.
import { listenHttp, type HttpListening, type HttpOptions } from './http.ts'
import { listenPublic, type PublicOptions } from './public.ts'
import { readTls, type TlsPair } from './tls.ts'

/** The settings that concern HTTP. */
export interface HttpSettings {
  readonly bind: string
  readonly https_port?: number | undefined
  readonly https31_port?: number | undefined
  readonly public_port?: number | undefined
  readonly tls_cert?: string | undefined
  readonly tls_key?: string | undefined
  readonly client_certificates: boolean
  readonly insecure_plain_http: boolean
  readonly insecure_unprotected_http: boolean
  readonly allowed_ip: readonly string[]
}

export interface HttpListeners {
  readonly addresses: {
    readonly https: HttpListening['address'] | undefined
    readonly https31: HttpListening['address'] | undefined
    readonly public: HttpListening['address'] | undefined
  }
  /** Reads certificate, key and addresses anew; the function that it returns takes them. @throws StartError */
  readonly prepare: (settings: HttpSettings) => () => void
  readonly close: () => Promise<void>
}

type Given = Pick<HttpOptions, 'commands' | 'call' | 'refuse' | 'version' | 'limits' | 'log'> &
  Pick<PublicOptions, 'desk' | 'now'>

const tlsOf = ({ insecure_plain_http, tls_cert, tls_key }: HttpSettings): TlsPair | undefined =>
  insecure_plain_http || tls_cert === undefined || tls_key === undefined
    ? undefined
    : readTls(tls_cert, tls_key)

const LISTENERS = [
  { port: 'https_port', flag: '--https-port', name: 'https', dialect: 'v4' },
  { port: 'https31_port', flag: '--https31-port', name: 'https31', dialect: 'v3' },
] as const

/** Listens on the ports that are set, all or none. @throws StartError */
export const listenOverHttp = async (settings: HttpSettings, given: Given): Promise<HttpListeners> => {
  const { bind: host, client_certificates, insecure_unprotected_http, allowed_ip } = settings
  const wanted = LISTENERS.filter(({ port }) => settings[port] !== undefined)
  const { public_port } = settings
  const tls = wanted.length === 0 && public_port === undefined ? undefined : tlsOf(settings)
  const open = new Map<(typeof LISTENERS)[number]['name'] | 'public', HttpListening>()
  const close = async (): Promise<void> => {
    await Promise.all([...open.values()].map((listening) => listening.close()))
  }
  try {
    for (const { port, flag, name, dialect } of wanted) {
      const listening = await listenHttp({
        ...given,
        dialect,
        host,
        port: settings[port] ?? 0,
        flag,
        tls,
        client_certificates,
        protected: !insecure_unprotected_http,
        allowed_ip,
      })
      open.set(name, listening)
    }
    if (public_port !== undefined)
      open.set('public', await listenPublic({ ...given, host, port: public_port, tls }))
  } catch (error) {
    await close()
    throw error
  }
  return {
    addresses: {
      https: open.get('https')?.address,
      https31: open.get('https31')?.address,
      public: open.get('public')?.address,
    },
    prepare(changed) {
      const { allowed_ip } = changed
      const pair = open.size === 0 ? undefined : tlsOf(changed)
      const prepared = [...open.values()].map((each) => each.prepare({ tls: pair, allowed_ip }))
      return () => prepared.forEach((take) => take())
    },
    close,
  }
}
