// Every area of cases, in the order of the score.
import type { Area } from '../../src/testing/cases/case.ts'
import { CALLBACK } from './callback.ts'
import { CROSS_CUTTING } from './cross_cutting.ts'
import { DISCOVERY } from './discovery.ts'
import { ENCRYPTION } from './encryption.ts'
import { ID_TOKEN } from './id_token.ts'
import { KEYS } from './keys.ts'
import { LOGOUT } from './logout.ts'
import { MIX_UP } from './mix_up.ts'
import { REFRESH } from './refresh.ts'
import { REGISTRATION } from './registration.ts'
import { SIGNATURE } from './signature.ts'
import { SSRF } from './ssrf.ts'
import { TOKEN } from './token.ts'
import { USERINFO } from './userinfo.ts'

export const AREAS: readonly Area[] = [
  DISCOVERY,
  REGISTRATION,
  CALLBACK,
  MIX_UP,
  TOKEN,
  ID_TOKEN,
  SIGNATURE,
  KEYS,
  USERINFO,
  LOGOUT,
  ENCRYPTION,
  REFRESH,
  SSRF,
  CROSS_CUTTING,
]
