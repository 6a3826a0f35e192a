// A relying party without a daemon: the door, the OPs and a client, at an OP that may lie.
import { createHash } from 'node:crypto'
import assert from 'node:assert/strict'
import type { TokenClient } from '../oidc/token_client.ts'
import { whereabouts } from '../oidc/discovery.ts'
import { createDoor, type Door } from '../oidc/http.ts'
import { createOps, type Op, type Ops } from '../oidc/op.ts'
import type { QuirkName } from '../oidc/quirks.ts'
import type { OwnKeys } from '../oidc/own_keys.ts'
import { redeemCode, type TokenAnswer } from '../oidc/token.ts'
import { OxdError, type ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { realWorld } from '../world.ts'
import type { Json } from './jws.ts'
import { ownKeysInMemory } from './own_keys.ts'
import { startLyingOp, type Faults, type LyingOp, type LyingOpOptions } from './op.ts'

const REDIRECT = 'https://client.example.com/callback'
const VERIFIER = 'a-verifier-of-the-tests-that-is-long-enough-for-pkce'
export const NONCE = 'a-nonce-of-the-tests'

/** One client at one issuer of the lying OP. */
export interface PartyClient {
  readonly issuer: string
  readonly op: Op
  readonly client: TokenClient & { readonly client_secret: string }
  /** A user logs in, and the code is redeemed. */
  readonly login: (scope?: string) => Promise<TokenAnswer & { readonly code: string }>
}

export interface Party {
  readonly op: LyingOp
  readonly ops: Ops
  readonly door: Door
  /** The keys of this relying party. */
  readonly own: OwnKeys
  /** A client at a fresh issuer; `metadata` over that of a client that may do everything. */
  readonly at: (faults?: Faults, metadata?: Json, quirks?: readonly QuirkName[]) => Promise<PartyClient>
  readonly close: () => Promise<void>
}

/** What `assert.rejects` asks of an error: its code, and nothing of `secrets` in its text. */
export const refusedWith =
  (code: ErrorCode, secrets: readonly string[] = []) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof OxdError, String(error))
    assert.equal(error.code, code, error.message)
    const told = `${error.message} ${JSON.stringify(error.details ?? {})}`
    for (const secret of secrets) assert.ok(!told.includes(secret), 'a secret is told')
    return true
  }

export const startParty = async (
  options: LyingOpOptions & { readonly op_ca?: string } = {},
): Promise<Party> => {
  const op = await startLyingOp(options)
  const { origin } = op
  const trust_op = [origin, origin.replace('https:', 'http:')]
  const door = createDoor({ trust_op, op_ca: options.op_ca, limits: { ...LIMITS, op_total_ms: 3_000 } })
  const world = realWorld(() => {})
  const ownWorld = { ...world, now: options.now ?? world.now }
  const own = ownKeysInMemory(ownWorld)
  const ops = createOps(door, ownWorld, LIMITS, { own })
  let issuers = 0

  return {
    op,
    ops,
    door,
    own,
    async at(faults = {}, metadata = {}, quirks) {
      const issuer = op.issuer(`p${++issuers}`, faults)
      const made = op.addClient(issuer, {
        redirect_uris: [REDIRECT],
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        ...metadata,
      })
      const client = {
        client_id: String(made.client_id),
        client_secret: String(made.client_secret),
        token_endpoint_auth_method: String(made.token_endpoint_auth_method),
      }
      const at = await ops.at({ ...whereabouts(issuer, {}), quirks })
      return {
        issuer,
        op: at,
        client,
        async login(scope = 'openid offline_access') {
          const url = new URL(at.metadata.authorization_endpoint)
          const code_challenge = createHash('sha256').update(VERIFIER).digest('base64url')
          url.search = String(
            new URLSearchParams({
              response_type: 'code',
              client_id: client.client_id,
              redirect_uri: REDIRECT,
              scope,
              nonce: NONCE,
              code_challenge,
              code_challenge_method: 'S256',
            }),
          )
          const code = new URL(await op.authorize(url.href)).searchParams.get('code')
          assert.ok(code !== null, 'the OP gives a code')
          const grant = { code, redirect_uri: REDIRECT, code_verifier: VERIFIER }
          return { ...(await redeemCode(at, client, grant)), code }
        },
      }
    },
    async close() {
      await door.close()
      await op.close()
    },
  }
}
