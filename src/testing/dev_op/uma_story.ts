// The parties of a UMA story in tests: a resource server with its PAT, a client, and a clock that can be moved.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { realWorld } from '../../world.ts'
import { startDevOp, type DevOp, type DevOpOptions } from './op.ts'
import { signIn } from './sign_in.ts'
import { UMA_GRANT } from './uma_grant.ts'

export type Json = Readonly<Record<string, unknown>>
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Empty where the answer has no JSON object. */
  readonly body: Json
}
export interface Credentials {
  readonly client_id: string
  readonly client_secret: string
}

export const CLAIMS_REDIRECT = 'https://client.example.com/claims?from=op'
const CALLBACK = 'https://client.example.com/callback'
const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-1'

export interface UmaStory {
  readonly op: DevOp
  /** What the metadata says, fetched once. */
  readonly endpoints: Readonly<Record<string, string>>
  /** A resource server, its PAT, and another one with its own. */
  readonly server: Credentials
  readonly pat: string
  readonly client: Credentials
  /** Moves the clock of tickets, pages and PCTs. */
  readonly pass: (seconds: number) => void
  readonly register: (metadata?: Json) => Promise<Credentials>
  readonly patOf: (who: Credentials, scope?: string) => Promise<string>
  /** A request with a JSON body and a Bearer token. */
  readonly protect: (method: string, url: string, body?: unknown, bearer?: string) => Promise<Answer>
  /** A form with client authentication. */
  readonly post: (url: string, form: Readonly<Record<string, string>>, as?: Credentials) => Promise<Answer>
  /** Alice signs in for a client: the tokens of the code flow. */
  readonly login: (who: Credentials) => Promise<Readonly<Record<string, string | undefined>>>
  /** A registered resource's id. */
  readonly resource: (scopes?: readonly string[], more?: Json, bearer?: string) => Promise<string>
  readonly ticket: (resource_id: string, scopes?: readonly string[]) => Promise<string>
  /** The uma-ticket grant. */
  readonly rpt: (form: Readonly<Record<string, string>>, as?: Credentials) => Promise<Answer>
  /** Introspection as a resource server does it, with its PAT. */
  readonly introspect: (token: unknown, bearer?: string) => Promise<Json>
  readonly claimsUrl: (query: Readonly<Record<string, string>>) => URL
}

const answerOf = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  const value: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : {}
  // An object or a list, which has members too.
  return { status: response.status, headers: response.headers, body: value as Json }
}

/** Starts the OP, tells the story and closes it. */
export const withUma = async (
  options: Omit<DevOpOptions, 'world'>,
  tell: (story: UmaStory) => Promise<void>,
): Promise<void> => {
  let passed = 0
  const real = realWorld(() => {})
  const op = await startDevOp({ ...options, world: { ...real, now: () => real.now() + passed } })
  try {
    const configuration = await fetch(`${op.issuer}/.well-known/uma2-configuration`)
    // Texts and lists of texts; only the endpoints are read as texts.
    const endpoints = (await configuration.json()) as Record<string, string>
    const endpoint = (name: string) => endpoints[`${name}_endpoint`] ?? assert.fail(name)

    const register: UmaStory['register'] = async (metadata = {}) => {
      const response = await fetch(endpoint('registration'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_name: 'A client',
          redirect_uris: [CALLBACK],
          claims_redirect_uri: [CLAIMS_REDIRECT],
          grant_types: ['authorization_code', 'refresh_token', 'client_credentials', UMA_GRANT],
          ...metadata,
        }),
      })
      const { status, body } = await answerOf(response)
      assert.equal(status, 201, JSON.stringify(body))
      return { client_id: String(body.client_id), client_secret: String(body.client_secret) }
    }
    const server = await register({ client_name: 'The resource server' })
    const client = await register()

    const post: UmaStory['post'] = async (url, form, { client_id, client_secret } = client) =>
      answerOf(
        await fetch(url, {
          method: 'POST',
          headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
          body: new URLSearchParams(form),
        }),
      )
    const patOf: UmaStory['patOf'] = async (who, scope = 'uma_protection') => {
      const { status, body } = await post(endpoint('token'), { grant_type: 'client_credentials', scope }, who)
      assert.equal(status, 200, JSON.stringify(body))
      return String(body.access_token)
    }
    const pat = await patOf(server)
    const protect: UmaStory['protect'] = async (method, url, body, bearer = pat) =>
      answerOf(
        await fetch(url, {
          method,
          headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      )

    const login: UmaStory['login'] = async (who) => {
      const query = {
        client_id: who.client_id,
        redirect_uri: CALLBACK,
        response_type: 'code',
        scope: 'openid offline_access',
        prompt: 'consent',
        code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
        code_challenge_method: 'S256',
      }
      const back = await signIn(`${endpoint('authorization')}?${new URLSearchParams(query)}`)
      const form = {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: CALLBACK,
        code_verifier: VERIFIER,
      }
      const { status, body } = await post(endpoint('token'), form, who)
      assert.equal(status, 200, JSON.stringify(body))
      // The members of a token response; `expires_in` is read by nobody here.
      return body as Record<string, string>
    }

    await tell({
      login,
      op,
      endpoints,
      server,
      pat,
      client,
      pass: (seconds) => (passed += seconds * 1_000),
      register,
      patOf,
      protect,
      post,
      resource: async (resource_scopes = ['read', 'write'], more = {}, bearer = pat) => {
        const url = endpoint('resource_registration')
        const { status, body } = await protect('POST', url, { resource_scopes, ...more }, bearer)
        assert.equal(status, 201, JSON.stringify(body))
        return String(body._id)
      },
      ticket: async (resource_id, resource_scopes = ['read']) => {
        const permission = { resource_id, resource_scopes }
        const { status, body } = await protect('POST', endpoint('permission'), permission)
        assert.equal(status, 201, JSON.stringify(body))
        return String(body.ticket)
      },
      rpt: (form, as) => post(endpoint('token'), { grant_type: UMA_GRANT, ...form }, as),
      introspect: async (token, bearer = pat) => {
        const response = await fetch(endpoint('introspection'), {
          method: 'POST',
          headers: { authorization: `Bearer ${bearer}` },
          body: new URLSearchParams({ token: String(token) }),
        })
        assert.equal(response.status, 200)
        return (await answerOf(response)).body
      },
      claimsUrl: (query) => new URL(`${endpoint('claims_interaction')}?${new URLSearchParams(query)}`),
    })
  } finally {
    await op.close()
  }
}
