// get_ended_logins: what has ended at a site since it was asked last.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { LIMITS } from '../limits.ts'

/** Tells which logins of the site have ended, each once and in order; waits for the next, if asked to. */
export const get_ended_logins = command({
  name: 'get_ended_logins',
  since: '5.0',
  access: 'site',
  summary:
    'Tells which logins of the site have ended, each once and in order; waits for the next, if asked to.',
  repeatable: true,
  spec: [
    'https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions',
    'https://openid.net/specs/openid-connect-frontchannel-1_0.html#RPLogout',
  ],
  params: {
    oxd_id: fields.oxd_id,
    cursor: fields.cursor.optional(),
    wait_seconds: fields.wait_seconds.optional(),
    max: fields.ended_max.optional(),
  },
  result: { ended_logins: fields.ended_logins, cursor: fields.next_cursor },
  more: {},
  errors: ['invalid_cursor', 'cursor_expired', 'too_many_waits'],
  examples: [
    {
      what: 'The first call of an application.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff' },
      result: {
        ended_logins: [
          {
            login_id: 'Yk3vQx0p3rYwAAAAm1c2Zw',
            sub: '248289761001',
            sid: '08a5019c-17e1-4977-8f42-65a12843ea02',
            why: 'back_channel_logout',
            ended_at: 1711281970,
          },
        ],
        cursor: 'AX2f…',
      },
    },
    {
      what: 'The next call, which waits: nothing has ended meanwhile.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', cursor: 'AX2f…', wait_seconds: 25 },
      result: { ended_logins: [], cursor: 'AX2f…' },
    },
  ],
  async run({ cursor, wait_seconds = 0, max = LIMITS.ended_page_max }, { site, endedLogins, signal }) {
    const wait_ms = wait_seconds * 1_000
    const page = await endedLogins.after(site.oxd_id, { cursor, max, wait_ms, signal })
    return {
      ended_logins: page.logins.map(({ at, ...login }) => ({ ...login, ended_at: at })),
      cursor: page.cursor,
    }
  },
})
