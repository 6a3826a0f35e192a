// What an OP can do wrong when it refreshes tokens, beside what can be wrong in any ID Token.
import type { Json } from '../jws.ts'
import type { Faults } from '../op.ts'
import { faults } from './fault.ts'

const claims = (change: (good: Json) => Json): Faults => ({ refreshed_id_token: { claims: change } })
const shifted = (offsets: Readonly<Record<string, number>>): Faults => ({ refreshed_id_token: { offsets } })
/** The tokens of the login come as they should. */
const answer = (change: (good: Json) => Json): Faults => ({
  token: (good, { params }) => (params['grant_type'] === 'refresh_token' ? change(good) : good),
})

const REFRESHED = 'Core 12.2'

/** More than 4 KiB, of every character that a refresh token may have. */
export const LONG_REFRESH_TOKEN = String.fromCodePoint(
  ...Array.from({ length: 0x7f - 0x20 }, (_, n) => 0x7e - n),
).repeat(44)

export const REFRESH_FAULTS = faults({
  sub_suffixed: {
    what: 'sub of a refreshed ID Token is the right one with "1" behind it.',
    spec: REFRESHED,
    faults: claims((good) => ({ ...good, sub: `${String(good['sub'])}1` })),
  },
  sub_capitalised: {
    what: 'sub of a refreshed ID Token is the right one in capitals.',
    spec: REFRESHED,
    faults: claims((good) => ({ ...good, sub: String(good['sub']).toUpperCase() })),
  },
  azp_own: {
    what: 'azp of a refreshed ID Token is the client_id, where that of the login had none.',
    spec: REFRESHED,
    faults: claims((good) => ({ ...good, azp: good['aud'] })),
  },
  iat_before: {
    what: 'iat of a refreshed ID Token is 63 seconds ago: before the login, beyond a tolerance of 60 s.',
    spec: REFRESHED,
    faults: shifted({ iat: -63 }),
  },
  iat_just_before: {
    what: 'iat of a refreshed ID Token is 50 seconds ago, within a tolerance of 60 s.',
    spec: REFRESHED,
    faults: shifted({ iat: -50 }),
  },
  auth_time_later: {
    what: 'auth_time of a refreshed ID Token is five seconds later than it was.',
    spec: REFRESHED,
    faults: shifted({ auth_time: 5 }),
  },
  auth_time_earlier: {
    what: 'auth_time of a refreshed ID Token is five seconds earlier than it was.',
    spec: REFRESHED,
    faults: shifted({ auth_time: -5 }),
  },
  auth_time_text: {
    what: 'auth_time of a refreshed ID Token is a text.',
    spec: 'Core 2',
    faults: claims((good) => ({ ...good, auth_time: String(good['auth_time']) })),
  },
  refresh_token_long: {
    what: 'The refresh token has 4 KiB, and every character that it may have.',
    spec: 'RFC 6749 A.17',
    faults: { token: (good) => ({ ...good, refresh_token: LONG_REFRESH_TOKEN }) },
  },
  refresh_not_rotated: {
    what: 'No new refresh token comes with fresh tokens, which is allowed.',
    spec: 'RFC 6749 6',
    faults: answer(({ refresh_token: _, ...rest }) => rest),
  },
  refresh_no_id_token: {
    what: 'No ID Token comes with fresh tokens, which is allowed.',
    spec: REFRESHED,
    faults: answer(({ id_token: _, ...rest }) => rest),
  },
  refresh_wider_scope: {
    what: 'Fresh tokens have more scope than the old ones.',
    spec: 'RFC 6749 6',
    faults: answer((good) => ({ ...good, scope: `${String(good['scope'])} admin` })),
  },
})
