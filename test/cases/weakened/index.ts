// Every weakened build that cases are played at.
import type { WeakenedCase } from '../../../src/testing/cases/sensitivity.ts'
import { WEAKENED_CALLBACK } from './callback.ts'
import { WEAKENED_CROSS_CUTTING } from './cross_cutting.ts'
import { WEAKENED_DISCOVERY } from './discovery.ts'
import { WEAKENED_ENCRYPTION } from './encryption.ts'
import { WEAKENED_ID_TOKEN } from './id_token.ts'
import { WEAKENED_KEYS } from './keys.ts'
import { WEAKENED_LOGOUT } from './logout.ts'
import { WEAKENED_REFRESH } from './refresh.ts'
import { WEAKENED_REGISTRATION } from './registration.ts'
import { WEAKENED_SIGNATURE } from './signature.ts'
import { WEAKENED_SSRF } from './ssrf.ts'
import { WEAKENED_TOKEN } from './token.ts'
import { WEAKENED_USERINFO } from './userinfo.ts'

export const WEAKENED: readonly WeakenedCase[] = [
  ...WEAKENED_DISCOVERY,
  ...WEAKENED_REGISTRATION,
  ...WEAKENED_CALLBACK,
  ...WEAKENED_TOKEN,
  ...WEAKENED_ID_TOKEN,
  ...WEAKENED_SIGNATURE,
  ...WEAKENED_KEYS,
  ...WEAKENED_CROSS_CUTTING,
  ...WEAKENED_USERINFO,
  ...WEAKENED_LOGOUT,
  ...WEAKENED_ENCRYPTION,
  ...WEAKENED_REFRESH,
  ...WEAKENED_SSRF,
]
