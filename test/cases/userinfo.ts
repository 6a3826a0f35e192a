// UIN: what the OP says of a user.
import assert from 'node:assert/strict'
import type { Area, Case, Drive } from '../../src/testing/cases/case.ts'
import { userinfo } from '../../src/testing/cases/drives.ts'
import { redirects } from './redirects.ts'
import { onTheWay } from './transport.ts'

const SIGNED = { user_info_signed_response_alg: 'RS256' }

/** The login has long its tokens when the OP names no userinfo endpoint any more. */
const METADATA_MS = 1
const withoutEndpoint: Drive = async (act) => {
  const site = await act.site()
  const tokens = await site.login()
  act.strike()
  return site.call('get_user_info', { access_token: tokens.data.access_token })
}

const withoutOthers: Case['check'] = (_act, { data }) =>
  assert.doesNotMatch(JSON.stringify(data), /_claim_|"age"/)

export const USERINFO: Area = {
  name: 'userinfo',
  cases: [
    {
      id: 'UIN-01',
      title: 'another subject',
      drive: userinfo,
      refused: {
        userinfo_sub_suffixed: 'invalid_subject_identifier',
        userinfo_sub_upper_case: 'invalid_subject_identifier',
        userinfo_sub_missing: 'no_subject_identifier',
        userinfo_sub_list: 'no_subject_identifier',
        userinfo_sub_empty: 'no_subject_identifier',
        userinfo_sub_null: 'no_subject_identifier',
        userinfo_sub_number: 'no_subject_identifier',
        userinfo_sub_blank: 'invalid_subject_identifier',
      },
      requests: { userinfo: 1 },
    },
    {
      id: 'UIN-02',
      title: 'signed userinfo: not signed, badly, for somebody else',
      drive: userinfo,
      site: SIGNED,
      refused: {
        userinfo_unsigned: 'invalid_userinfo_jwt',
        userinfo_bad_signature: 'invalid_userinfo_jwt',
        userinfo_foreign_key: 'invalid_userinfo_jwt',
        userinfo_secret_key: 'invalid_userinfo_jwt',
        userinfo_other_audience: 'invalid_userinfo_jwt',
        userinfo_no_audience: 'invalid_userinfo_jwt',
        userinfo_other_issuer: 'invalid_userinfo_jwt',
        userinfo_no_issuer: 'invalid_userinfo_jwt',
        userinfo_signed_sub_suffixed: 'invalid_subject_identifier',
      },
      requests: { userinfo: 1 },
    },
    {
      id: 'TIM-01',
      title: 'signed userinfo, on both sides of the tolerance',
      drive: userinfo,
      site: SIGNED,
      refused: { userinfo_jwt_expired: 'invalid_userinfo_jwt', userinfo_jwt_ahead: 'invalid_userinfo_jwt' },
      accepted: ['userinfo_jwt_just_expired', 'userinfo_jwt_just_ahead'],
    },
    {
      id: 'UIN-04',
      title: 'JSON where a JWT was registered',
      drive: userinfo,
      site: SIGNED,
      refused: {
        userinfo_as_json: 'userinfo_not_as_registered',
        userinfo_jwt_as_json: 'userinfo_not_as_registered',
      },
    },
    {
      id: 'UIN-04',
      title: 'a JWT where none was registered; another content type than the body',
      drive: userinfo,
      refused: {
        userinfo_as_jwt: 'userinfo_not_as_registered',
        userinfo_jwt_as_json: 'op_answer_malformed',
        userinfo_as_html: 'op_answer_malformed',
        userinfo_as_text: 'op_answer_malformed',
        userinfo_untyped: 'op_answer_malformed',
      },
    },
    {
      id: 'UIN-05',
      title: 'refusals: surfaced, and asked once',
      drive: userinfo,
      refused: {
        userinfo_invalid_token: 'invalid_access_token',
        userinfo_insufficient_scope: 'op_http_status',
        userinfo_no_content: 'op_http_status',
        userinfo_server_error: 'op_http_status',
        userinfo_bad_gateway: 'op_http_status',
        userinfo_unavailable: 'op_http_status',
        userinfo_too_many: 'op_http_status',
        userinfo_not_found: 'op_http_status',
        userinfo_html: 'op_answer_malformed',
        userinfo_empty: 'op_answer_malformed',
        userinfo_not_json: 'op_answer_malformed',
        userinfo_cut: 'op_answer_malformed',
        userinfo_resets: 'op_unreachable',
      },
      requests: { userinfo: 1 },
    },
    {
      id: 'UIN-06',
      title: 'redirects: the access token stays',
      drive: userinfo,
      refused: {
        userinfo_redirects_301: 'op_redirected',
        userinfo_redirects_302: 'op_redirected',
        userinfo_redirects_303: 'op_redirected',
        userinfo_redirects_307: 'op_redirected',
        userinfo_redirects_308: 'op_redirected',
        userinfo_redirects_home: 'op_redirected',
        userinfo_redirects_in_circles: 'op_redirected',
        userinfo_redirects_inside: 'op_redirected',
      },
      requests: { userinfo: 1, attacker: 0 },
    },
    onTheWay('UIN-05', 'userinfo', userinfo),
    redirects('UIN-06', 'userinfo', userinfo, 'op_redirected'),
    {
      id: 'UIN-07',
      title: 'answers that are too large, too slow, too deep, or ambiguous',
      drive: userinfo,
      watched: true,
      refused: {
        userinfo_huge: 'op_answer_too_large',
        userinfo_endless: 'op_answer_too_large',
        userinfo_many_members: 'op_answer_too_large',
        userinfo_long_text: 'op_answer_too_large',
        userinfo_br_bomb: 'op_answer_too_large',
        userinfo_gzip_thrice: 'op_answer_malformed',
        userinfo_gzip_bomb: 'op_answer_too_large',
        userinfo_hangs: 'op_timeout',
        userinfo_drips: 'op_timeout',
        userinfo_stalls: 'op_timeout',
        userinfo_duplicate_sub: 'op_answer_malformed',
        userinfo_deep: 'op_answer_malformed',
        userinfo_nested: 'op_answer_malformed',
        userinfo_short_members: 'op_answer_malformed',
        userinfo_colliding_members: 'op_answer_malformed',
      },
      accepted: ['userinfo_prototypes'],
      requests: { userinfo: 1 },
      check: (_act, { data }) => assert.equal(Object.hasOwn(Object(data.claims), 'admin'), false),
    },
    {
      id: 'UIN-09',
      title: 'claims of others are not shown',
      drive: userinfo,
      accepted: [
        'userinfo_aggregated',
        'userinfo_aggregated_unknown_key',
        'userinfo_aggregated_other_subject',
      ],
      policy: 'They are left out: nobody has verified them.',
      check: withoutOthers,
    },
    {
      id: 'UIN-10',
      title: 'claims at an internal service, or at another OP: not fetched',
      drive: userinfo,
      accepted: ['userinfo_distributed', 'userinfo_distributed_v6', 'userinfo_distributed_attacker'],
      requests: { userinfo: 1, attacker: 0 },
      policy: 'oxd goes to the OP alone, so the access token does, too.',
      check: withoutOthers,
    },
    {
      id: 'UIN-11',
      title: 'no userinfo endpoint',
      drive: withoutEndpoint,
      limits: { op_metadata_ms: METADATA_MS },
      refused: { missing_userinfo_endpoint: 'no_userinfo_endpoint' },
      requests: { userinfo: 0, unknown: 0 },
    },
    {
      id: 'UIN-12',
      title: 'the access token is in one header, and nowhere else',
      drive: userinfo,
      harmless: ['one header'],
      check: ({ op, issuer, honest }) => {
        if (honest) return
        const [request, again] = op.requests(issuer).filter(({ endpoint }) => endpoint === 'userinfo')
        assert.match(request?.authorization ?? '', /^Bearer [\w-]+$/)
        assert.deepEqual([request?.method, request?.params, again], ['GET', {}, undefined])
      },
    },
  ],
}
