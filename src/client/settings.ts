// What the library must know: where oxd is, which site this is, and what to register. From a file or from an object.
import type * as commands from '../commands/index.ts'
import type { ParamsOf } from '../command.ts'
import { OxdConfigError } from './errors.ts'

/** What `register_site` and `update_site_registration` take: names and meanings as on the wire. */
export type SiteSettings = Omit<ParamsOf<typeof commands.register_site>, 'oxd_id'>

/** The settings of a client; an empty value counts as absent. */
export interface ClientConfig extends SiteSettings {
  /** Where oxd listens. Default: `127.0.0.1`, which is also what `localhost` means here. */
  readonly host?: string | undefined
  /** Default: 8099. */
  readonly port?: number | undefined
  /** Path of the Unix socket of oxd (`oxd serve --unix PATH`), instead of host and port. */
  readonly unix?: string | undefined
  /** The oxd_id of the site, once it is registered. */
  readonly id?: string | undefined
  /** The same as `id`. */
  readonly oxd_id?: string | undefined
  /** The same as `scope`. */
  readonly scopes?: SiteSettings['scope']
  /** Where `getLogoutUri` sends the user after logout unless it is told otherwise. Default: what is registered. */
  readonly logout_redirect_uri?: string | undefined
}

export type Address = { readonly host: string; readonly port: number } | { readonly path: string }

export interface Settings {
  readonly address: Address
  readonly oxd_id: string | undefined
  readonly site: SiteSettings
  readonly logout_redirect_uri: string | undefined
}

const HOST = '127.0.0.1'
const PORT = 8099
const PORT_MAX = 65_535

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)

const addressOf = ({ host = HOST, port = PORT, unix }: ClientConfig): Address => {
  if (unix !== undefined) return { path: unix }
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) {
    throw new OxdConfigError(`port is ${port}: it must be a number from 1 to ${PORT_MAX}`)
  }
  // oxd binds the IPv4 loopback, and on ::1 some other program could listen.
  return { host: host.toLowerCase() === 'localhost' ? HOST : host, port }
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
  const { host: _host, port: _port, unix: _unix, id, oxd_id, scopes, logout_redirect_uri, ...site } = set
  return {
    address: addressOf(set),
    oxd_id: oxd_id ?? id,
    site: scopes === undefined ? site : { scope: scopes, ...site },
    logout_redirect_uri,
  }
}

/** For people: `127.0.0.1:8099`, `[::1]:8099` or the path of the Unix socket. */
export const addressText = (address: Address): string => {
  if ('path' in address) return address.path
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
