// get_user_info: what the OP says of the user.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { fetchUserinfo } from '../oidc/userinfo.ts'
import { termsOf } from '../site.ts'

/** The claims of the user to whom the access token belongs. */
export const get_user_info = command({
  name: 'get_user_info',
  since: '2.4',
  access: 'site',
  summary: 'The claims of the user to whom the access token belongs.',
  repeatable: true,
  spec: ['https://openid.net/specs/openid-connect-core-1_0.html#UserInfo'],
  params: { oxd_id: fields.oxd_id, access_token: fields.access_token },
  result: { claims: fields.claims },
  bare: 'claims',
  more: {},
  errors: [
    'foreign_access_token',
    'login_ended',
    'invalid_access_token',
    'invalid_subject_identifier',
    'no_subject_identifier',
    'userinfo_not_as_registered',
    'invalid_userinfo_jwt',
  ],
  examples: [
    {
      what: 'Who is it?',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', access_token: 'SlAV32hkKG' },
      result: { claims: { sub: '248289761001', name: 'Jane Doe', email_verified: true } },
    },
  ],
  async run({ access_token }, { site, ops, logins, fail }) {
    const known = await logins.knownToken(termsOf(site), access_token)
    // A token from elsewhere may be anybody's: whoever accepted it could be logged in as its owner.
    if (known === undefined && !site.settings.accept_foreign_tokens) throw fail('foreign_access_token')
    const claims = await fetchUserinfo(await ops.at(site), site.client, access_token, known?.sub)
    return { claims: { ...claims } }
  },
})
