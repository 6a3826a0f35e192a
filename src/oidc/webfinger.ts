// WebFinger: which issuer is responsible for an account, an e-mail address or a host.
// @see https://openid.net/specs/openid-connect-discovery-1_0.html#IssuerDiscovery
// @see https://www.rfc-editor.org/rfc/rfc7033
import { z } from 'zod'
import { ERRORS, OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { jsonObject, refusal, shaped } from './said.ts'
import type { Door } from './http.ts'

/** The relation of the links that name an issuer. */
export const ISSUER_REL = 'http://openid.net/specs/connect/1.0/issuer'

export interface DiscoveredIssuers {
  /** As the host names it; where it is silent, the resource that was asked for. */
  readonly subject: string
  /** At least one, each an issuer. */
  readonly links: readonly { readonly rel: string; readonly href: string }[]
}

// RFC 7033 section 4.4; a link of another relation may be a template without address.
const LINK = z.object({ rel: z.string(), href: z.string().nullish() })
const ANSWER = z.object({
  subject: z.string().min(1).max(LIMITS.text_characters_max).nullish(),
  links: z.array(LINK).max(LIMITS.op_list_items_max),
})

const SCHEME = /^(?:[a-z][a-z0-9+.-]*:\/\/|(?:acct|mailto):)/i
const ACCOUNT = /^(?:acct|mailto):[^/?#@]+@([^/?#@]+)$/i
const EMAIL = /^[^/?#@]+@[^/?#@:]+$/
/** Extensible resource identifiers are none of ours (Discovery 1.0 section 2.1.2). */
const XRI = /^[=@!]/
/** Blanks, controls, quotes, and what a browser takes for a slash. */
const UNUSABLE = /[\s\p{C}"<>\\^`{|}]/u

/**
 * The resource as WebFinger asks for it, and the host that is asked (Discovery 1.0 section 2.1.2).
 * @throws OxdError invalid_request
 */
export const webfingerOf = (given: string): { readonly resource: string; readonly host: string } => {
  const [unfragmented = ''] = given.split('#', 1)
  const resource = SCHEME.test(unfragmented)
    ? unfragmented
    : `${EMAIL.test(unfragmented) ? 'acct:' : 'https://'}${unfragmented}`
  const [, authority] = ACCOUNT.exec(resource) ?? []
  const at = authority === undefined ? resource : `https://${authority}`
  const url = given.length <= LIMITS.url_characters_max && URL.canParse(at) ? new URL(at) : undefined
  if (url === undefined || UNUSABLE.test(given) || XRI.test(given) || !/^https?:$/.test(url.protocol)) {
    throw new OxdError('invalid_request', {
      what: 'resource must be an account (acct:user@host), an e-mail address, a host or an https URL.',
    })
  }
  return { resource, host: url.host }
}

/** Discovery 1.0 section 3: an issuer is at https, without query or fragment. */
const isIssuer = (href: string): boolean => {
  if (href.length > LIMITS.url_characters_max || UNUSABLE.test(href) || !URL.canParse(href)) return false
  const { protocol, username, password } = new URL(href)
  return protocol === 'https:' && username === '' && password === '' && !/[?#]/.test(href)
}

const failed = (what: string, cause?: unknown): OxdError =>
  new OxdError('failed_to_get_issuer', { what, cause })

/** Failures that old clients know under the one name of WebFinger. */
const asIssuerFailure = (error: unknown): unknown =>
  error instanceof OxdError &&
  (ERRORS[error.code].wire === 'internal_error' || error.code === 'op_http_status')
    ? failed(error.message, error)
    : error

/**
 * The issuers that the host of `resource` names for it. Whether one of them is right for a site, the caller decides.
 * @throws OxdError invalid_request, failed_to_get_issuer, restricted_op_host, ssl_handshake_error
 */
export const discoverIssuer = async (door: Door, given: string): Promise<DiscoveredIssuers> => {
  const { resource, host } = webfingerOf(given)
  // Discovery 1.0 section 2: always https, whatever the resource is.
  const url = new URL(`https://${host}/.well-known/webfinger`)
  url.searchParams.set('resource', resource)
  url.searchParams.set('rel', ISSUER_REL)
  try {
    const response = await door.request({
      step: 'webfinger',
      url,
      accept: 'application/jrd+json, application/json',
    })
    if (response.status !== 200) throw refusal('webfinger', response, [resource, given])
    const { subject, links } = shaped('webfinger', response.url, ANSWER, jsonObject('webfinger', response))
    const issuers = links.flatMap(({ rel, href }) =>
      rel === ISSUER_REL && href && isIssuer(href) ? [{ rel, href }] : [],
    )
    if (issuers.length === 0) throw failed(`${url.origin} names no issuer at https.`)
    return { subject: subject ?? resource, links: issuers }
  } catch (error) {
    throw asIssuerFailure(error)
  }
}
