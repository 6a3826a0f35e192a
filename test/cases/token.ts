// TOK: what goes wrong at the token endpoint.
import assert from 'node:assert/strict'
import type { Area, Case, Drive } from '../../src/testing/cases/case.ts'
import type { FaultName } from '../../src/testing/faults/index.ts'
import { login } from '../../src/testing/cases/drives.ts'
import { redirects } from './redirects.ts'
import { SIDE_BY_SIDE } from './side_by_side.ts'

const METHODS = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']
const ASKED = ['openid', 'profile', 'email']
/** What an OP says of the scope, and what the application is told. */
const SCOPES: readonly (readonly [fault: FaultName, told: readonly string[]])[] = [
  ['scope_missing', ASKED],
  ['scope_narrower', ['openid']],
  ['scope_wider', [...ASKED, 'admin']],
]
const wholeLogin: Drive = async (act) => {
  const site = await act.site({ scope: ASKED })
  act.strike()
  return site.call('get_tokens_by_callback', { ...(await site.respond()) })
}

export const TOKEN: Area = {
  name: 'token endpoint',
  cases: [
    {
      id: 'TOK-01',
      title: 'the code is refused',
      drive: login,
      refused: {
        token_invalid_grant: 'code_refused',
        token_error_of_success: 'code_refused',
        token_error_and_tokens: 'code_refused',
        token_error_described_by_nothing: 'code_refused',
      },
      accepted: ['token_no_error'],
      requests: { token: 1 },
    },
    ...METHODS.map((method): Case => ({
      id: 'TOK-02',
      title: `the client is refused: no other way to authenticate is tried; the OP repeats what it was sent: ${method}`,
      drive: login,
      site: { client_token_endpoint_auth_method: method },
      refused: { token_invalid_client: 'op_http_status', token_echoes: 'op_http_status' },
      requests: { token: 1 },
    })),
    {
      id: 'TOK-03',
      title: 'the OP is out of order: asked once',
      drive: login,
      refused: {
        token_server_error: 'op_http_status',
        token_bad_gateway: 'op_http_status',
        token_unavailable: 'op_http_status',
        token_gateway_timeout: 'op_http_status',
        token_too_many: 'op_http_status',
      },
      requests: { token: 1 },
    },
    {
      id: 'TOK-05',
      title: 'redirects: not followed, nothing leaves',
      drive: login,
      refused: {
        token_redirects_301: 'op_redirected',
        token_redirects_302: 'op_redirected',
        token_redirects_303: 'op_redirected',
        token_redirects_307: 'op_redirected',
        token_redirects_308: 'op_redirected',
        token_redirects_home: 'op_redirected',
        token_redirects_in_circles: 'op_redirected',
        token_redirects_inside: 'op_redirected',
      },
      requests: { token: 1, attacker: 0 },
    },
    redirects('TOK-05', 'token', login, 'op_redirected'),
    {
      id: 'TOK-06',
      title: 'a page; JSON of another type, or none',
      drive: login,
      refused: {
        token_html: 'op_answer_malformed',
        token_as_html: 'op_answer_malformed',
        token_as_text: 'op_answer_malformed',
        token_untyped: 'op_answer_malformed',
        token_empty: 'op_answer_malformed',
        token_no_content: 'op_http_status',
        token_not_json: 'op_answer_malformed',
      },
      requests: { token: 1 },
    },
    {
      id: 'TOK-07',
      title: 'answers that break off: the code is not sent again',
      drive: login,
      watched: true,
      refused: {
        token_cut: 'op_answer_malformed',
        token_cut_chunk: 'op_answer_malformed',
        token_resets: 'op_unreachable',
      },
      requests: { token: 1 },
    },
    {
      id: 'TOK-08',
      title: 'answers that never end',
      drive: login,
      watched: true,
      refused: {
        token_hangs: 'op_timeout',
        token_drips_headers: 'op_timeout',
        token_drips: 'op_timeout',
        token_stalls: 'op_timeout',
      },
      requests: { token: 1 },
    },
    {
      id: 'TOK-09',
      title: 'a GiB, chunks without an end',
      drive: login,
      watched: true,
      refused: { token_huge: 'op_answer_too_large', token_endless: 'op_answer_too_large' },
      requests: { token: 1 },
    },
    {
      id: 'TOK-10',
      title: 'compressed bombs, layers of coding, codings that are none',
      drive: login,
      watched: true,
      refused: {
        token_gzip_bomb: 'op_answer_too_large',
        token_br_bomb: 'op_answer_too_large',
        token_deflate_bomb: 'op_answer_too_large',
        token_gzip_thrice: 'op_answer_malformed',
        token_unknown_coding: 'op_answer_malformed',
        token_false_gzip: 'op_answer_malformed',
      },
      requests: { token: 1 },
    },
    {
      id: 'TOK-12',
      title: 'too deep, too many members, too long, names that collide',
      drive: login,
      watched: true,
      refused: {
        token_deep: 'op_answer_malformed',
        token_nested: 'op_answer_malformed',
        token_short_members: 'op_answer_malformed',
        token_colliding_members: 'op_answer_malformed',
        token_many_members: 'op_answer_too_large',
        token_long_text: 'op_answer_too_large',
      },
      requests: { token: 1 },
    },
    {
      id: 'TOK-13',
      title: 'members named as what objects inherit',
      drive: login,
      accepted: ['token_prototypes'],
      check: (_act, { data }) => assert.equal(Object.hasOwn(data, 'admin'), false),
    },
    {
      id: 'TOK-14',
      title: 'no ID Token, or one of another shape',
      drive: login,
      refused: {
        id_token_missing: 'no_id_token',
        id_token_null: 'no_id_token',
        id_token_empty: 'no_id_token',
        id_token_object: 'op_answer_malformed',
        id_token_list: 'op_answer_malformed',
        id_token_spaced: 'invalid_id_token_malformed',
        id_token_newline: 'invalid_id_token_malformed',
        id_token_2_segments: 'invalid_id_token_malformed',
        id_token_4_segments: 'invalid_id_token_malformed',
        id_token_5_segments: 'id_token_encrypted',
      },
    },
    {
      id: 'TOK-15',
      title: 'no access token, or one that is no token',
      drive: login,
      refused: {
        access_token_missing: 'no_access_token',
        access_token_empty: 'no_access_token',
        access_token_number: 'op_answer_malformed',
        access_token_crlf: 'op_answer_malformed',
      },
    },
    {
      id: 'TOK-16',
      title: 'no token type, or another; other letters are the same',
      drive: login,
      refused: {
        token_type_missing: 'op_answer_malformed',
        token_type_mac: 'op_answer_malformed',
        token_type_number: 'op_answer_malformed',
      },
      accepted: ['token_type_other_case'],
    },
    {
      id: 'TOK-18',
      title: 'scope that is missing, less, more, or a list',
      drive: login,
      refused: { scope_list: 'op_answer_malformed' },
      accepted: ['scope_missing', 'scope_narrower', 'scope_wider'],
    },
    ...SCOPES.map(([fault, told]): Case => ({
      id: 'TOK-18',
      title: `what was granted is told: ${fault}`,
      drive: wholeLogin,
      accepted: [fault],
      check: ({ honest }, { data }) => assert.deepEqual(data.scope, honest ? ASKED : told),
    })),
    {
      id: 'TOK-20',
      title: 'interim answers without end, HTTP that is none, headers without end',
      drive: login,
      watched: true,
      refused: {
        token_continue_flood: 'op_unreachable',
        token_http_09: 'op_answer_malformed',
        token_http_2: 'op_answer_malformed',
        token_header_flood: 'op_answer_too_large',
        token_two_lengths: 'op_answer_malformed',
      },
      accepted: ['token_interim_flood'],
      requests: { token: 1 },
    },
    {
      id: 'TOK-21',
      title: 'text that is not plain UTF-8; a member twice',
      drive: login,
      refused: {
        token_bom: 'op_answer_malformed',
        token_utf16: 'op_answer_malformed',
        token_not_utf8: 'op_answer_malformed',
        token_duplicate: 'op_answer_malformed',
        token_lone_surrogates: 'op_answer_malformed',
      },
    },
    {
      id: 'TOK-25',
      title: 'headers that only browsers obey: the next requests are as the first ones',
      drive: async (act) => {
        const site = await act.site()
        act.strike()
        const first = await site.login()
        if (first.status !== 'ok') return first
        const second = await site.login()
        const sent = act.op.requests(act.issuer).filter(({ endpoint }) => endpoint !== 'authorization')
        assert.deepEqual(
          sent.flatMap(({ cookie }) => cookie ?? []),
          [],
        )
        return second
      },
      accepted: ['token_browser_headers'],
      requests: { token: 2, attacker: 0 },
    },
    {
      id: 'DOS-01',
      title: 'an ID Token of 30,000 dots, or letters',
      drive: login,
      watched: true,
      refused: { id_token_dots: 'id_token_encrypted', id_token_letters: 'invalid_id_token_malformed' },
    },
    {
      id: 'DOS-01',
      title: 'claims and a scope on which an expression might try for ever',
      drive: login,
      watched: true,
      accepted: ['email_backtracking', 'scope_backtracking'],
    },
    {
      id: 'DOS-01',
      title: 'the same from the application, and in the addresses of an OP',
      drive: async (act) => {
        const { attack } = act
        const long = `${'a.'.repeat(900)}${'%'.repeat(50)}!`
        act.strike()
        if (attack === 'an endpoint')
          act.op.setFaults(act.issuer, {
            discovery: (good) => ({ ...good, userinfo_endpoint: `https://${'a.'.repeat(30_000)}%` }),
          })
        const registered = await act.register(
          attack === 'a redirect URI'
            ? { authorization_redirect_uri: `https://${long}` }
            : attack === 'a fragment'
              ? { redirect_uris: [`${'#'.repeat(60_000)}\n!`] }
              : {},
          attack === 'the issuer' ? `https://${long}` : act.issuer,
        )
        if (registered.status !== 'ok') return registered
        const site = act.siteOf(registered)
        if (attack === 'a resource' || attack === 'a resource with a fragment') {
          const resource = attack === 'a resource' ? `a@${long}` : `a@a${'#'.repeat(2_000)}\n!`
          return act.call('get_issuer', { resource, op_host: act.issuer })
        }
        return attack === 'a callback'
          ? site.call('get_tokens_by_callback', { callback_url: `https://${long}?${'&='.repeat(30_000)}` })
          : site.login()
      },
      watched: true,
      attacks: {
        'an endpoint': 'no_connect_discovery_response',
        'a redirect URI': 'invalid_authorization_redirect_uri',
        'a fragment': 'invalid_redirect_uri',
        'the issuer': ['malformed_params', 'invalid_op_host'],
        'a resource': ['malformed_params', 'invalid_request'],
        'a resource with a fragment': 'invalid_request',
        'a callback': [
          'malformed_params',
          'malformed_response',
          'foreign_callback_url',
          'response_without_state',
        ],
      },
    },
    ...SIDE_BY_SIDE,
  ],
}
