// The authorization endpoint of the lying OP: every response type, in every response mode, also as a JWT.
// OpenID Connect Core 3, Multiple Response Types, Form Post Response Mode, JARM, RFC 9207.
import { CODE_SECONDS, Refusal, secondsOf, text, texts, TOKEN_SECONDS } from './op_house.ts'
import { encryptFor, idToken, keepAccessToken, signFor } from './op_tokens.ts'
import type { Answer, Client, Endpoint, Grant, House, Issuer, Request } from './op_house.ts'
import { isJson, type Json } from './jws.ts'
import { requestedBy } from './op_request.ts'

export const RESPONSE_TYPES = [
  'code',
  'id_token',
  'id_token token',
  'code id_token',
  'code token',
  'code id_token token',
]
export const RESPONSE_MODES = [
  'query',
  'fragment',
  'form_post',
  'jwt',
  'query.jwt',
  'fragment.jwt',
  'form_post.jwt',
]
const RESPONSE_JWT_SECONDS = 600

const words = (value: unknown): string[] => [...new Set((text(value) ?? '').split(' '))].toSorted()
const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.join(' ') === other.join(' ')

/** Each value once more for a list, so that a lie can say something twice. */
const pairsOf = (members: Json): [name: string, value: string][] =>
  Object.entries(members).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, String(one)]),
  )

const escaped = (value: string): string =>
  value.replaceAll(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)

/** @see https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html */
const page = (uri: string, pairs: readonly (readonly [string, string])[]): string =>
  `<!doctype html><title>Back to the site</title><form method="post" action="${escaped(uri)}">${pairs
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('')}<button>Continue</button></form><script>document.forms[0].submit()</script>`

/** How the members travel to `uri`. */
const PLACES: Readonly<
  Record<string, (uri: string, members: Json) => Awaited<ReturnType<NonNullable<Answer['render']>>>>
> = {
  query(uri, members) {
    const location = new URL(uri)
    for (const [name, value] of pairsOf(members)) location.searchParams.append(name, value)
    return { headers: { location: location.href }, body: '' }
  },
  fragment: (uri, members) => ({
    headers: { location: `${uri}#${String(new URLSearchParams(pairsOf(members)))}` },
    body: '',
  }),
  form_post: (uri, members) => ({
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: page(uri, pairsOf(members)),
  }),
}

/** The members as the mode has them: in their place, and for `jwt` signed (JARM). */
const renderIn =
  (
    house: House,
    issuer: Issuer,
    client: Client,
    redirect_uri: string,
    mode: string,
  ): NonNullable<Answer['render']> =>
  async (members) => {
    const [place = '', jwt] = mode.split('.')
    const render = PLACES[place] ?? PLACES['query']
    if (render === undefined) throw new Refusal(400, 'invalid_request')
    if (jwt === undefined) return render(redirect_uri, members)
    const { iss: _, ...inside } = members
    const faults = issuer.faults.response_jwt ?? {}
    const now = secondsOf(house)
    const claims = {
      iss: issuer.issuer,
      aud: client.client_id,
      exp: now + RESPONSE_JWT_SECONDS + (faults.offsets?.exp ?? 0),
      ...inside,
    }
    const alg = client.metadata['authorization_signed_response_alg']
    const signed = await signFor(issuer, client, claims, alg, faults)
    const response = await encryptFor(issuer, client, 'authorization', signed)
    return render(redirect_uri, { response, ...issuer.faults.beside_response_jwt })
  }

/** In which mode an honest OP answers. */
const modeOf = (types: readonly string[], asked: unknown): string => {
  const usual = isSame(types, ['code']) ? 'query' : 'fragment'
  const mode = text(asked) ?? usual
  return mode === 'jwt' ? `${usual}.jwt` : mode
}

/** The first `acr` that is asked for: essential ones before those that would be nice. */
const acrOf = (params: Json): Json => {
  let asked: unknown
  try {
    asked = JSON.parse(text(params['claims']) ?? '{}')
  } catch {
    throw new Refusal(400, 'invalid_request')
  }
  const inIdToken = isJson(asked) && isJson(asked['id_token']) ? asked['id_token']['acr'] : undefined
  const values = isJson(inIdToken) ? (texts(inIdToken['values'])[0] ?? text(inIdToken['value'])) : undefined
  const acr = values ?? text(params['acr_values'])?.split(' ')[0]
  return acr === undefined ? {} : { acr }
}

/** What is wrong with a request, by the codes of RFC 6749 section 4.1.2.1 and Core 3.1.2.6. */
const errorOf = (
  house: House,
  issuer: Issuer,
  client: Client,
  { params, repeated }: Request,
  types: readonly string[],
) => {
  const challenge = text(params['code_challenge'])
  const isBound = params['code_challenge_method'] === 'S256' && challenge !== undefined
  const needsBinding =
    types.includes('code') &&
    issuer.faults.ignores?.includes('pkce') !== true &&
    (house.wants_pkce || challenge !== undefined)
  if (repeated.length > 0 || (needsBinding && !isBound)) return 'invalid_request'
  const registered = texts(client.metadata['response_types']).map(words)
  if (!RESPONSE_TYPES.map(words).some((type) => isSame(type, types))) return 'unsupported_response_type'
  if (!registered.some((type) => isSame(type, types))) return 'unauthorized_client'
  if (!words(params['scope']).includes('openid')) return 'invalid_scope'
  // Core 3.2.2.1
  return types.includes('id_token') && text(params['nonce']) === undefined ? 'invalid_request' : undefined
}

/** What comes back: a code, an access token, an ID Token that binds both. */
const givenTo = async (
  house: House,
  issuer: Issuer,
  client: Client,
  grant: Grant,
  types: readonly string[],
): Promise<Json> => {
  const code = types.includes('code') ? house.token() : undefined
  if (code !== undefined) issuer.codes.set(code, grant)
  const access_token = types.includes('token') ? keepAccessToken(house, issuer, grant) : undefined
  const front = issuer.faults.front_id_token ?? issuer.faults.id_token ?? {}
  return {
    ...(code === undefined ? {} : { code }),
    ...(access_token === undefined
      ? {}
      : { access_token, token_type: 'Bearer', expires_in: TOKEN_SECONDS, scope: grant.scope }),
    ...(types.includes('id_token')
      ? { id_token: await idToken(house, issuer, client, grant, { code, access_token }, front) }
      : {}),
  }
}

export const authorization: Endpoint = {
  path: /\/authorize$/,
  methods: ['GET', 'POST'],
  answer: async (house, issuer, request) => {
    const { sub } = request
    const params = await requestedBy(house, issuer, request)
    const client = issuer.clients.get(text(params['client_id']) ?? '')
    const redirect_uri = text(params['redirect_uri']) ?? ''
    // Nobody is sent to an address that was not registered, whatever else is wrong.
    const shown = (what: string): Refusal => new Refusal(400, 'invalid_request', {}, what)
    if (client === undefined) throw shown('No client has this client_id.')
    if (!texts(client.metadata['redirect_uris']).includes(redirect_uri))
      throw shown('redirect_uri is none of those of the client.')
    const types = words(params['response_type'])
    const error = errorOf(house, issuer, client, { ...request, params }, types)
    const now = secondsOf(house)
    const grant: Grant = {
      client_id: client.client_id,
      sub,
      scope: text(params['scope']) ?? '',
      redirect_uri,
      nonce: text(params['nonce']),
      code_challenge: text(params['code_challenge']),
      auth_time: now,
      ...acrOf(params),
      sid: house.token(),
      expires_at: now + CODE_SECONDS,
      used: false,
    }
    const state = text(params['state'])
    const mode = issuer.faults.response_mode ?? modeOf(types, params['response_mode'])
    return {
      status: mode.startsWith('form_post') ? 200 : 302,
      json: {
        ...(error === undefined ? await givenTo(house, issuer, client, grant, types) : { error }),
        ...(state === undefined ? {} : { state }),
        iss: issuer.issuer,
      },
      render: renderIn(house, issuer, client, redirect_uri, mode),
    }
  },
}
