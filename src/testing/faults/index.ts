// Every named fault of the OP that misbehaves, by area.
import { ID_TOKEN_FAULTS } from './id_token.ts'
import { TOKEN_FAULTS } from './token.ts'

export const FAULTS = {
  ...TOKEN_FAULTS,
  ...ID_TOKEN_FAULTS,
} as const
export type FaultName = keyof typeof FAULTS
