// access_token_status: does an access token belong to an ID Token of this site?
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import { ID_TOKEN_ERRORS, validateIdToken } from '../oidc/id_token.ts'
import { seconds } from '../world.ts'

/** Says whether an access token was issued with a valid ID Token of this site, by the hash in it. */
export const access_token_status = command({
  name: 'access_token_status',
  aliases: ['check_access_token'],
  since: '2.4',
  access: 'site',
  summary: 'Says whether an access token was issued with a valid ID Token of this site, by the hash in it.',
  repeatable: true,
  spec: ['https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowTokenValidation'],
  params: { oxd_id: fields.oxd_id, id_token: fields.asked_id_token, access_token: fields.access_token },
  result: { active: fields.active, expires_at: fields.expires_at_ms, issued_at: fields.issued_at_ms },
  more: {},
  errors: [],
  examples: [
    {
      what: 'The tokens of a login. The times are those of the ID Token.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        id_token: 'eyJh…',
        access_token: 'SlAV32hkKG',
      },
      result: { active: true, expires_at: 1711281970000, issued_at: 1711278370000 },
    },
  ],
  async run({ id_token, access_token }, { site, ops, world }) {
    const op = await ops.at(site)
    try {
      const { exp, iat, at_hash } = await validateIdToken(op, id_token, {
        issuer: site.issuer,
        client: site.client,
        // Of which login the two are is not asked.
        nonce: () => true,
        access_token,
        now: seconds(world),
      })
      // Without the hash nothing binds the two.
      if (at_hash === undefined) return INACTIVE
      return { active: true, expires_at: millisecondsOf(exp), issued_at: millisecondsOf(iat) }
    } catch (error) {
      // An OP that cannot be asked says nothing of the tokens.
      if (!(error instanceof OxdError) || !ID_TOKEN_ERRORS.has(error.code)) throw error
      return INACTIVE
    }
  },
})

const INACTIVE = { active: false, expires_at: null, issued_at: null }
const millisecondsOf = (claim: unknown): number | null => (typeof claim === 'number' ? claim * 1_000 : null)
