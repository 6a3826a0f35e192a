// id_token_status: is an ID Token valid, for this site, now?
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import { ID_TOKEN_ERRORS, validateIdToken } from '../oidc/id_token.ts'
import { termsOf } from '../site.ts'
import { seconds } from '../world.ts'

/** Says whether an ID Token is valid for this site now, and what is in it. */
export const id_token_status = command({
  name: 'id_token_status',
  aliases: ['check_id_token'],
  since: '2.4',
  access: 'site',
  summary: 'Says whether an ID Token is valid for this site now, and what is in it.',
  repeatable: true,
  spec: [
    'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation',
    'https://openid.net/specs/openid-connect-core-1_0.html#HybridIDToken2',
  ],
  params: {
    oxd_id: fields.oxd_id,
    id_token: fields.asked_id_token,
    nonce: fields.expected_nonce.optional(),
    code: fields.bound_code.optional(),
    access_token: fields.bound_access_token.optional(),
    state: fields.bound_state.optional(),
  },
  result: {
    active: fields.active,
    expires_at: fields.expires_at,
    issued_at: fields.issued_at,
    claims: fields.checked_claims,
  },
  more: {},
  errors: ['invalid_access_token_bad_hash', 'invalid_authorization_code_bad_hash', 'invalid_state_bad_hash'],
  examples: [
    {
      what: 'The ID Token of a login, with its nonce.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', id_token: 'eyJh…', nonce: 'n-0S6_WzA2Mj' },
      result: {
        active: true,
        expires_at: 1711281970,
        issued_at: 1711278370,
        claims: { iss: 'https://op.example.com', sub: '248289761001', aud: 's6BhdRkqt3', exp: 1711281970 },
      },
    },
  ],
  async run(params, { site, ops, logins, world, fail }) {
    const { id_token, nonce, code, access_token, state } = params
    const { issuer, client } = site
    const op = await ops.at(site)
    try {
      const claims = await validateIdToken(op, id_token, {
        issuer,
        client,
        nonce: (found) => nonce === undefined || found === nonce,
        access_token,
        code,
        state,
        now: seconds(world),
      })
      // A hash that is asked for and not there proves nothing.
      if (access_token !== undefined && claims.at_hash === undefined)
        throw fail('invalid_access_token_bad_hash')
      if (code !== undefined && claims.c_hash === undefined) throw fail('invalid_authorization_code_bad_hash')
      const isOfLogin =
        nonce !== undefined ||
        claims.nonce === undefined ||
        (await logins.knowsNonce(termsOf(site), String(claims.nonce)))
      if (!isOfLogin) return INACTIVE
      return {
        active: true,
        expires_at: timeOf(claims.exp),
        issued_at: timeOf(claims.iat),
        claims: { ...claims },
      }
    } catch (error) {
      // As in 4.x, what came with the token and does not belong to it is an error. An OP that cannot be asked says nothing.
      if (!(error instanceof OxdError) || !ID_TOKEN_ERRORS.has(error.code) || HASH_ERRORS.has(error.code))
        throw error
      return INACTIVE
    }
  },
})

const HASH_ERRORS: ReadonlySet<string> = new Set(id_token_status.errors)
const INACTIVE = { active: false, expires_at: null, issued_at: null, claims: {} }
const timeOf = (claim: unknown): number | null => (typeof claim === 'number' ? claim : null)
