// get_login_status: does a login live, or has it ended?
import { command } from '../command.ts'
import { fields } from '../fields.ts'

/** Says whether a login lives, or when and why it has ended. */
export const get_login_status = command({
  name: 'get_login_status',
  since: '5.0',
  access: 'site',
  summary: 'Says whether a login lives, or when and why it has ended.',
  repeatable: true,
  spec: ['https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions'],
  params: {
    oxd_id: fields.oxd_id,
    login_id: fields.asked_login_id.optional(),
    state: fields.asked_state.optional(),
    id_token: fields.status_id_token.optional(),
  },
  result: {
    login_status: fields.login_status,
    login_id: fields.found_login_id,
    why: fields.ended_by,
    ended_at: fields.ended_at,
  },
  more: {},
  errors: ['missing_parameter', 'invalid_request'],
  examples: [
    {
      what: 'The user has logged out at the OP.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', login_id: 'Yk3vQx0p3rYwAAAAm1c2Zw' },
      result: {
        login_status: 'ended',
        login_id: 'Yk3vQx0p3rYwAAAAm1c2Zw',
        why: 'back_channel_logout',
        ended_at: 1711278370,
      },
    },
  ],
  async run({ oxd_id, login_id, state, id_token }, { logins, liveLogins, fail }) {
    const given = [login_id, state, id_token].filter((name) => name !== undefined)
    if (given.length === 0) throw fail('missing_parameter', { what: 'login_id is missing.' })
    if (given.length > 1) {
      throw fail('invalid_request', { what: 'One of login_id, state and id_token names the login.' })
    }
    const named =
      login_id ??
      (state === undefined ? await liveLogins.ofIdToken(oxd_id, id_token ?? '') : logins.idOf(state))
    const login = named === undefined ? undefined : await liveLogins.find(oxd_id, named)
    if (login === undefined) return { login_status: 'unknown', login_id: null, why: null, ended_at: null }
    const { ended } = login
    return {
      login_status: ended === null ? 'live' : 'ended',
      login_id: login.login_id,
      why: ended?.why ?? null,
      ended_at: ended?.at ?? null,
    }
  },
})
