// Every named fault of the OP that misbehaves, by area.
import { CALLBACK_FAULTS } from './callback.ts'
import { DISCOVERY_FAULTS } from './discovery.ts'
import { ENCRYPTION_FAULTS } from './encryption.ts'
import { ID_TOKEN_FAULTS } from './id_token.ts'
import { KEYS_FAULTS } from './keys.ts'
import { LOGOUT_FAULTS } from './logout.ts'
import { REFRESH_FAULTS } from './refresh.ts'
import { REGISTRATION_FAULTS } from './registration.ts'
import { SIGNATURE_FAULTS } from './signature.ts'
import { TOKEN_FAULTS } from './token.ts'
import { USERINFO_FAULTS } from './userinfo.ts'

export const FAULTS = {
  ...DISCOVERY_FAULTS,
  ...REGISTRATION_FAULTS,
  ...CALLBACK_FAULTS,
  ...TOKEN_FAULTS,
  ...ID_TOKEN_FAULTS,
  ...USERINFO_FAULTS,
  ...LOGOUT_FAULTS,
  ...REFRESH_FAULTS,
  ...SIGNATURE_FAULTS,
  ...KEYS_FAULTS,
  ...ENCRYPTION_FAULTS,
} as const
export type FaultName = keyof typeof FAULTS
