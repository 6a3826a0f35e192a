// Every area of cases, in the order of the score.
import type { Area } from '../../src/testing/cases/case.ts'
import { ID_TOKEN } from './id_token.ts'
import { TOKEN } from './token.ts'

export const AREAS: readonly Area[] = [TOKEN, ID_TOKEN]
