// IDT: every rule of the ID Token, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_ID_TOKEN = weakenedCases('src/oidc/id_token.ts', [
  ['an ID Token of any issuer', 'holds: (c, e) => c.iss === e.issuer,', 'holds: () => true,', 'IDT-01'],
  [
    'an ID Token without an issuer',
    "holds: (c) => typeof c.iss === 'string' && c.iss !== '',",
    'holds: () => true,',
    'IDT-02',
  ],
  [
    'an ID Token for any audience',
    'holds: (c, e) => audiences(c).includes(e.client_id),',
    'holds: () => true,',
    'IDT-03',
  ],
])
