// What an application is told of ended logins: every defence of the journal, each as one source line.
import { weakenings } from './rows.ts'

const TEST = 'src/ended_logins.test.ts'
const COMMAND_TEST = 'src/commands/get_ended_logins.test.ts'

export const ENDED_LOGINS = [
  ...weakenings('src/ended_logins.ts', TEST, [
    [
      'ended logins: a cursor is not authenticated',
      "if (!timingSafeEqual(bytes.subarray(HEAD_BYTES), macOf(oxd_id, head))) throw refused('not_authentic')",
      '',
      '^the journal of ended logins refuses a cursor of another site',
    ],
    [
      'ended logins: a cursor is good at every site',
      "const macOf = (oxd_id: string, head: Uint8Array): Buffer => keys.mac('ended logins cursor', head, oxd_id)",
      "const macOf = (_oxd_id: string, head: Uint8Array): Buffer => keys.mac('ended logins cursor', head)",
      '^the journal of ended logins refuses a cursor of another site',
    ],
    [
      'ended logins: a store that was put back goes on',
      "if (after !== last.mark) throw expired('another_history')",
      '',
      '^the journal of ended logins a store that was put back',
    ],
    [
      'ended logins: a store that was put back has nothing new',
      "if (from.mark !== head.mark) throw expired('another_history')",
      '',
      '^the journal of ended logins a store that was put back',
    ],
    [
      'ended logins: a store that was put back is waited for',
      "if (from.seq > head.seq) throw expired('another_history')",
      'if (from.seq > head.seq) return { logins: [], last: from }',
      '^the journal of ended logins a store that was put back',
    ],
    [
      'ended logins: another store is not told from this one',
      "throw new OxdError('cursor_expired', { details: { reason: 'another_store' } })",
      "throw refused('another_store')",
      '^the journal of ended logins a store that was put back',
    ],
    [
      'ended logins: kept without end',
      '{ expires_at: kept_until },',
      '{ expires_at: null },',
      '^the journal of ended logins keeps a week, not a second more',
    ],
    [
      'ended logins: a clock that is set back makes gaps',
      'const kept_until = Math.max(seconds(world) + limits.ended_logins_seconds, found?.value.kept_until ?? 0)',
      'const kept_until = seconds(world) + limits.ended_logins_seconds',
      '^the journal of ended logins a clock that is set back',
    ],
    [
      'ended logins: the end is not written with its entry',
      'if (await store.commit([...found.writes, ...entry, ...writes])) {',
      'if (await store.commit([...entry, ...writes])) {',
      '^the journal of ended logins is written with the end of the login',
    ],
    [
      'ended logins: nobody is woken',
      'bells.ring(oxd_id)',
      '',
      '^the journal of ended logins whoever waits is woken',
    ],
    [
      'ended logins: the bell is not heard while the journal is read',
      'const rung = bell.next()',
      'const rung = new AbortController().signal',
      '^the journal of ended logins (whoever waits is woken|what ends between)',
    ],
    [
      'ended logins: a wait outlives its caller',
      'const over = AbortSignal.any([signal, AbortSignal.timeout(wait_ms)])',
      'const over = AbortSignal.timeout(wait_ms)',
      '^the journal of ended logins a wait ends with its time, or with its caller',
    ],
    [
      'ended logins: any number waits',
      'if (count >= limits.ended_waits_max || ofSite.size >= limits.ended_site_waits_max)',
      'if (ofSite.size >= limits.ended_site_waits_max)',
      '^the journal of ended logins so many wait at once',
    ],
    [
      'ended logins: one site takes all places',
      'if (count >= limits.ended_waits_max || ofSite.size >= limits.ended_site_waits_max)',
      'if (count >= limits.ended_waits_max)',
      '^the journal of ended logins so many wait at once',
    ],
    [
      'ended logins: a place that was left stays taken',
      'count -= 1',
      '',
      '^the journal of ended logins so many wait at once',
    ],
    [
      'ended logins: a site that is no more is kept',
      'forget: (oxd_id) => heads.remove([oxd_id]),',
      'forget: async () => {},',
      '^the journal of ended logins forgets a site that is no more',
    ],
  ]),
  ...weakenings('src/serve/socket.ts', COMMAND_TEST, [
    [
      'ended logins: whoever sends nothing more waits on',
      "socket.on('end', () => {",
      "socket.on('never', () => {",
      '^get_ended_logins ends the wait of whoever sends nothing more',
    ],
  ]),
  ...weakenings('src/serve/http.ts', COMMAND_TEST, [
    [
      'ended logins: a wait over HTTP holds up the end of oxd',
      'for (const over of underWay) over.abort()',
      '',
      '^get_ended_logins when oxd stops',
    ],
  ]),
]
