// What the library must know: where oxd is, who asks, which site this is, and what to register. From a file or from an object.
import { readFileSync } from 'node:fs'
import type * as commands from '../commands/index.ts'
import type { ParamsOf } from '../command.ts'
import { OxdConfigError } from './errors.ts'

/**
 * What `register_site` and `update_site_registration` take: names and meanings as on the wire. A webhook is no setting, since its
 * secret is told once, to whoever calls `updateSiteRegistration({ logout_webhook_uri })`.
 */
export type SiteSettings = Omit<
  ParamsOf<typeof commands.register_site>,
  'oxd_id' | 'protection_access_token' | 'logout_webhook_uri'
>

/** The client whose tokens open protected commands: the setup client of the site, or the site's own with client_credentials. */
export interface Protection {
  readonly client_id: string
  readonly client_secret: string
  /** Its OP. Default: that of the site. */
  readonly op_host?: string | undefined
  /** Default: `['oxd']`, without which a token opens nothing. */
  readonly scope?: readonly string[] | undefined
}

/** How the application proves to oxd who it is, where commands are protected; one of the two. */
export interface CallerSettings {
  /** A key of `oxd callers add`; as good as a password. */
  readonly caller_key?: string | undefined
  /** Get client tokens with this client, when they are needed, and renew them. */
  readonly protection?: Protection | undefined
}

/** The settings of a client; an empty value counts as absent. */
export interface ClientConfig extends SiteSettings, CallerSettings {
  /** Where oxd listens. Default: `127.0.0.1`, which is also what `localhost` means here. */
  readonly host?: string | undefined
  /** Default: 8099. */
  readonly port?: number | undefined
  /** Path of the Unix socket of oxd (`oxd serve --unix PATH`), instead of host and port. */
  readonly unix?: string | undefined
  /** Where oxd speaks HTTPS, instead of host and port: `https://oxd.example.com:8443`. */
  readonly url?: string | undefined
  /** With `url`: who may have signed the certificate of oxd: PEM, or the path of a PEM file. Default: whom Node trusts. */
  readonly ca?: string | undefined
  /** With `url`: the certificate of the application (PEM, or a path) and its key, for `oxd serve --client-certificates`. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** With `url`: allows http:// beyond loopback, where everybody on the way reads tokens and secrets. */
  readonly insecure_plain_http?: boolean | undefined
  /** The oxd_id of the site, once it is registered. */
  readonly id?: string | undefined
  /** The same as `id`. */
  readonly oxd_id?: string | undefined
  /** The same as `scope`. */
  readonly scopes?: SiteSettings['scope']
  /** Where `getLogoutUri` sends the user after logout unless it is told otherwise. Default: what is registered. */
  readonly logout_redirect_uri?: string | undefined
}

export type SocketAddress = { readonly host: string; readonly port: number } | { readonly path: string }
export interface HttpAddress {
  /** Ends in a slash; commands are below it. */
  readonly url: URL
  /** PEM. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}
export type Address = SocketAddress | HttpAddress

export interface Settings {
  readonly address: Address
  readonly caller: CallerSettings
  readonly oxd_id: string | undefined
  readonly site: SiteSettings
  readonly logout_redirect_uri: string | undefined
}

const HOST = '127.0.0.1'
const PORT = 8099
const PORT_MAX = 65_535

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** The base of the commands' URLs, or what is wrong with it. */
export const baseUrl = (text: string, insecure: boolean): URL | string => {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    return 'must be a URL such as https://oxd.example.com:8443'
  const url = new URL(text)
  // It may hold a password, and is not shown.
  if (url.username !== '' || url.password !== '')
    return 'must not hold a user name or password: use caller_key'
  if (url.search !== '' || url.hash !== '') return 'must not have a query or a fragment'
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname) && !insecure) {
    return 'must be https: over http everybody on the way reads tokens and secrets (insecure_plain_http allows it)'
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

const PEM = /-----BEGIN [A-Z ]+-----/

/** PEM as it is given, or as it stands in the file that is named. */
const pemOf = (name: 'ca' | 'cert' | 'key', given: string | undefined): Partial<HttpAddress> => {
  if (given === undefined) return {}
  if (PEM.test(given)) return { [name]: given }
  let text: string
  try {
    text = readFileSync(given, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    throw new OxdConfigError(`${name}: ${given} cannot be read (${code})`, { cause: error })
  }
  if (!PEM.test(text)) throw new OxdConfigError(`${name}: ${given} holds no PEM`)
  return { [name]: text }
}

const httpAddressOf = (
  text: string,
  { unix, ca, cert, key, insecure_plain_http }: ClientConfig,
): HttpAddress => {
  const url = baseUrl(text, insecure_plain_http === true)
  if (typeof url === 'string') throw new OxdConfigError(`url ${url}`)
  if (unix !== undefined) throw new OxdConfigError('url and unix name two places: give one of them')
  if ((cert === undefined) !== (key === undefined)) throw new OxdConfigError('cert and key belong together')
  return { url, ...pemOf('ca', ca), ...pemOf('cert', cert), ...pemOf('key', key) }
}

const addressOf = (config: ClientConfig): Address => {
  const { host = HOST, port = PORT, unix, url } = config
  if (url !== undefined) return httpAddressOf(url, config)
  if (unix !== undefined) return { path: unix }
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) {
    throw new OxdConfigError(`port is ${port}: it must be a number from 1 to ${PORT_MAX}`)
  }
  // oxd binds the IPv4 loopback, and on ::1 some other program could listen.
  return { host: host.toLowerCase() === 'localhost' ? HOST : host, port }
}

/** @throws OxdConfigError if there is more than one way to prove who asks, or half a one; it shows none of them */
export const callerOf = (given: CallerSettings): CallerSettings => {
  // Leaving out empty values leaves the type as it is: each of them may be absent.
  const { caller_key, protection }: CallerSettings = Object.fromEntries(
    Object.entries({ caller_key: given.caller_key, protection: given.protection }).filter(([, value]) =>
      isSet(value),
    ),
  )
  if (protection === undefined) {
    if (caller_key === undefined) return {}
    if (!/^[\x21-\x7e]+$/.test(caller_key)) {
      throw new OxdConfigError('caller_key must be one word: as oxd callers add has shown it')
    }
    return { caller_key }
  }
  if (caller_key !== undefined) {
    throw new OxdConfigError('caller_key and protection are two ways to the same: give one of them')
  }
  if (!isSet(protection.client_id) || !isSet(protection.client_secret)) {
    throw new OxdConfigError('protection needs client_id and client_secret')
  }
  return { protection }
}

/**
 * Sorts the settings, without those that are empty.
 *
 * @throws OxdConfigError
 */
export const settingsOf = (config: ClientConfig): Settings => {
  // Not every caller has its types checked.
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new OxdConfigError('give the path of a configuration file, or an object with the settings')
  }
  // Leaving out empty values leaves the type as it is: each of them may be absent.
  const set = Object.fromEntries(Object.entries(config).filter(([, value]) => isSet(value))) as ClientConfig
  const {
    host: _1,
    port: _2,
    unix: _3,
    url: _4,
    ca: _5,
    cert: _6,
    key: _7,
    insecure_plain_http: _8,
    ...about
  } = set
  const { caller_key, protection, id, oxd_id, scopes, logout_redirect_uri, ...site } = about
  return {
    address: addressOf(set),
    caller: callerOf({ caller_key, protection }),
    oxd_id: oxd_id ?? id,
    site: scopes === undefined ? site : { scope: scopes, ...site },
    logout_redirect_uri,
  }
}

/** For people: `127.0.0.1:8099`, `[::1]:8099`, the path of the Unix socket, or the URL. */
export const addressText = (address: Address): string => {
  if ('url' in address) return address.url.href
  if ('path' in address) return address.path
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
