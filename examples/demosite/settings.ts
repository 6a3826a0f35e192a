// The configuration of the site: from the tracked example to a file of one's own, and to the page that shows it.
import { readFileSync, writeFileSync } from 'node:fs'

/** A host name and ports that were asked for on the command line; what is undefined was not. */
export interface Wishes {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly oxd_port?: number | undefined
  readonly op_port?: number | undefined
}

const LINE = /^([A-Za-z_]+)[ \t]*[=:][ \t]*(.*?)[ \t]*\r?$/gm

/** Key and value of each line that sets something, in their order. */
export const settingsOf = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(LINE)].map(([, key = '', value = '']) => [key.toLowerCase(), value]))

/** The text with one value replaced and everything else, comments included, as it was. */
const withValue = (text: string, key: string, value: string): string =>
  text.replace(
    new RegExp(`^(${key}[ \\t]*[=:])[^\\r\\n]*`, 'im'),
    (_line, start: string) => `${start} ${value}`,
  )

/** Names that always mean the machine itself: URLs with them are the sample's own and may be adapted to its start. */
const isOwnMachine = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost')

const withPlace = (url: string, place: { host?: string | undefined; port?: number | undefined }): string => {
  const changed = new URL(url)
  if (place.host !== undefined) changed.hostname = place.host
  if (place.port !== undefined) changed.port = String(place.port)
  // URL writes https://op.example/ for https://op.example: an issuer is compared letter by letter.
  return url.endsWith('/') ? changed.href : changed.href.replace(/\/$/, '')
}

export interface Adapted {
  readonly text: string
  /** What was changed, to be told to the person who starts the site. */
  readonly changed: readonly string[]
  /** What was asked for and is not done, because a person has set these lines to a real host name. */
  readonly conflicts: readonly string[]
}

/**
 * The configuration with the wished host name and ports in its URLs. Only URLs at `localhost` and `*.localhost` are
 * changed: a real host name was written by a person, who decides. With other URLs the `id` is emptied, since the OP
 * knows the site by those of before: it registers anew.
 */
export const adapt = (text: string, wishes: Wishes): Adapted => {
  const changed: string[] = []
  const conflicts: string[] = []
  let result = text
  const set = (key: string, value: string) => {
    const before = settingsOf(result).get(key) ?? ''
    if (before === value) return
    result = withValue(result, key, value)
    changed.push(`${key} = ${value}`)
  }
  const move = (key: string, place: { host?: string | undefined; port?: number | undefined }) => {
    const before = settingsOf(result).get(key) ?? ''
    if (!URL.canParse(before)) return
    const after = withPlace(before, place)
    if (after === before) return
    if (isOwnMachine(new URL(before).hostname)) set(key, after)
    else conflicts.push(`${key} = ${before}`)
  }

  if (wishes.oxd_port !== undefined) set('port', String(wishes.oxd_port))
  move('authorization_redirect_uri', { host: wishes.host, port: wishes.port })
  move('post_logout_redirect_uri', { host: wishes.host, port: wishes.port })
  // DEV_OP_PORT is about the development OP alone; a real OP has its address from the file.
  const op_host = settingsOf(result).get('op_host') ?? ''
  if (URL.canParse(op_host) && isOwnMachine(new URL(op_host).hostname))
    move('op_host', { port: wishes.op_port })
  if (changed.some((line) => !line.startsWith('port '))) set('id', '')
  return { text: result, changed, conflicts }
}

/** Host name and port of the site as its configuration has them. */
export const placeOf = (text: string): { host: string; port: number } | undefined => {
  const uri = settingsOf(text).get('authorization_redirect_uri') ?? ''
  if (!URL.canParse(uri)) return undefined
  const { hostname, port } = new URL(uri)
  return { host: hostname, port: Number(port || 443) }
}

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The configuration in use, or the example if there is none yet. */
export const readSettings = (path: string, example_path: string): string =>
  readIfThere(path) ?? readFileSync(example_path, 'utf8')

/**
 * Makes the configuration from the example at the first start; later adapts its *.localhost URLs to another host or
 * port, if one is asked for.
 * @returns what was done, in words
 * @throws {Error} when host or port are asked for which a person's own lines contradict
 */
export const prepareSettings = (path: string, example_path: string, wishes: Wishes): readonly string[] => {
  const existing = readIfThere(path)
  const { text, changed, conflicts } = adapt(existing ?? readFileSync(example_path, 'utf8'), wishes)
  if (conflicts.length > 0)
    throw new Error(
      `DEMO_HOST or DEMO_PORT ask for another address than ${path} has (${conflicts.join(', ')}): change these lines, or start without DEMO_HOST and DEMO_PORT`,
    )
  if (existing === undefined) {
    // Only for its owner, since a client secret may come to stand in it; `wx`: never over a file made meanwhile.
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
    return [`made ${path} from the example`]
  }
  if (changed.length > 0) writeFileSync(path, text)
  return changed.map((line) => `changed in ${path}: ${line}`)
}

/**
 * The album's own configuration: made from its example at first, and as the site's says where oxd, the OP and the site are.
 * With another OP or other URLs it registers anew.
 */
export const prepareAlbum = (path: string, example_path: string, site_path: string): void => {
  const existing = readIfThere(path)
  const site = readFileSync(site_path, 'utf8')
  const before = existing ?? readFileSync(example_path, 'utf8')
  const origin = new URL(settingsOf(site).get('authorization_redirect_uri') ?? '').origin
  const moved = (uri: string): string => `${origin}${new URL(uri).pathname}`
  let after = before
  for (const key of ['host', 'port', 'op_host']) {
    after = withValue(after, key, settingsOf(site).get(key) ?? '')
  }
  for (const key of ['authorization_redirect_uri', 'claims_redirect_uri']) {
    after = withValue(after, key, moved(settingsOf(after).get(key) ?? ''))
  }
  const isElsewhere = ['op_host', 'claims_redirect_uri'].some(
    (key) => settingsOf(before).get(key) !== settingsOf(after).get(key),
  )
  if (isElsewhere) after = withValue(after, 'id', '')
  if (after !== existing) writeFileSync(path, after, { mode: 0o600 })
}

/** Settings that anyone may see. What is not named here is masked: a new secret is then hidden without a thought. */
const HARMLESS = new Set(
  `host port id op_host op_discovery_path authorization_redirect_uri post_logout_redirect_uri client_logout_uris
  client_frontchannel_logout_uris logout_redirect_uri scope scopes client_name contacts application_type response_types response_mode
  grant_types ui_locales claims_locales acr_values client_id client_token_endpoint_auth_method client_jwks_uri
  client_request_uris client_sector_identifier_uri claims_redirect_uri`.split(/\s+/),
)

/** What stands in a page instead of a value that is nobody's business. */
export const MASK = '••••••••'

/** The lines of the configuration that set something, without comments, each secret masked, to be shown on a page. */
export const shownLines = (text: string): readonly string[] =>
  text.split(/\r?\n/).flatMap((line) => {
    if (/^\s*\[\w+\]\s*$/.test(line)) return [line.trim()]
    return [...settingsOf(line)]
      .filter(([, value]) => value !== '')
      .map(([key, value]) => `${key} = ${HARMLESS.has(key) ? value : MASK}`)
  })
