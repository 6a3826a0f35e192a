// IDT: every rule of the ID Token, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

const ANYBODY = 'holds: () => true,'
/** The rule against further audiences refuses those without an authorized party, too. */
const NO_FURTHER = [
  [
    'holds: (c, e) => audiences(c).length === 1 || audiences(c).every((aud) => aud === e.client_id),',
    ANYBODY,
  ],
] as const

export const WEAKENED_ID_TOKEN = [
  ...weakenedCases('src/oidc/claim_rules.ts', [
    [
      'times of any type',
      "export const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)",
      'export const isTime = (_value: unknown): _value is number => true',
      'IDT-12 IDT-14',
    ],
    [
      'no clock tolerance',
      'export const tolerance = LIMITS.clock_tolerance_seconds',
      'export const tolerance = 0',
      'IDT-13 IDT-15',
    ],
  ]),
  ...weakenedCases('src/oidc/id_token.ts', [
    [
      'an ID Token of any issuer',
      'holds: (c, e) => c.iss === e.issuer,',
      ANYBODY,
      'IDT-01 IDT-30 MIX-04 MIX-12',
    ],
    [
      'the audience is a text',
      'holds: (c, e) => audiences(c).includes(e.client_id),',
      'holds: (c, e) => c.aud === e.client_id,',
      'IDT-05',
    ],
    [
      'claims are fetched from wherever they are',
      'judge(RULES, claims, facts, clockHint(op.clock))',
      'for (const { endpoint } of Object.values(claims._claim_sources ?? {})) await fetch(endpoint).catch(() => {}); judge(RULES, claims, facts, clockHint(op.clock))',
      'IDT-32',
    ],
    [
      'an issuer in other letters',
      'holds: (c, e) => c.iss === e.issuer,',
      'holds: (c, e) => String(c.iss).toLowerCase() === e.issuer.toLowerCase(),',
      'IDT-01',
    ],
    [
      'an ID Token without an issuer',
      "holds: (c) => typeof c.iss === 'string' && c.iss !== '',",
      ANYBODY,
      'IDT-02',
      [
        [
          'holds: (c, e) => c.iss === e.issuer,',
          'holds: (c, e) => c.iss === undefined || String(c.iss) === e.issuer,',
        ],
      ],
    ],
    [
      'an ID Token for any audience',
      'holds: (c, e) => audiences(c).includes(e.client_id),',
      ANYBODY,
      'IDT-03',
    ],
    [
      'an ID Token without an audience',
      "audiences(c).length > 0 && audiences(c).every((aud) => typeof aud === 'string' && aud !== ''),",
      'true,',
      'IDT-04',
      [['holds: (c, e) => audiences(c).includes(e.client_id),', ANYBODY], ...NO_FURTHER],
    ],
    [
      'an audience in other letters',
      'const audiences = ({ aud }: Claims): unknown[] => (Array.isArray(aud) ? aud : [aud])',
      'const audiences = ({ aud }: Claims): unknown[] => [aud].flat().map((one) => Object(one).toLowerCase?.() ?? one)',
      'IDT-09',
      [
        [
          'holds: (c, e) => audiences(c).includes(e.client_id),',
          'holds: (c, e) => audiences(c).includes(e.client_id.toLowerCase()),',
        ],
        [
          'holds: (c, e) => audiences(c).length === 1 || audiences(c).every((aud) => aud === e.client_id),',
          ANYBODY,
        ],
      ],
    ],
    [
      'a second audience without an authorized party',
      'holds: (c) => audiences(c).length === 1 || c.azp !== undefined,',
      ANYBODY,
      'IDT-06',
      NO_FURTHER,
    ],
    [
      'any authorized party',
      'holds: (c, e) => c.azp === undefined || c.azp === e.client_id,',
      ANYBODY,
      'IDT-07',
    ],
    [
      'any second audience',
      'holds: (c, e) => audiences(c).length === 1 || audiences(c).every((aud) => aud === e.client_id),',
      ANYBODY,
      'IDT-07',
    ],
    [
      'an ID Token without a subject',
      "holds: (c) => typeof c.sub === 'string' && c.sub !== '',",
      ANYBODY,
      'IDT-11',
      [['holds: (c) => isSubject(c.sub),', ANYBODY]],
    ],
    ['a subject of any length', 'holds: (c) => isSubject(c.sub),', ANYBODY, 'IDT-11'],
    [
      'an ID Token for ever',
      'holds: (c, e) => isTime(c.exp) && c.exp <= e.now + LIMITS.id_token_seconds_max,',
      ANYBODY,
      'IDT-12 IDT-31',
    ],
    [
      'an expiry before the issue',
      'holds: (c) => isTime(c.exp) && (!isTime(c.iat) || c.exp >= c.iat),',
      'holds: (c) => isTime(c.exp),',
      'IDT-31',
    ],
    [
      'an expired ID Token',
      'holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,',
      ANYBODY,
      'IDT-13',
    ],
    [
      'an ID Token from the future',
      'holds: (c, e) => isTime(c.iat) && c.iat <= e.now + tolerance,',
      ANYBODY,
      'IDT-15',
    ],
    [
      'an ID Token of last week',
      "typeof e.nonce !== 'string' || (isTime(c.iat) && c.iat >= e.now - LIMITS.login_seconds - tolerance),",
      'true,',
      'IDT-16',
    ],
    ['an ID Token of any login', 'holds: (c, e) => isNonce(c.nonce, e.nonce),', ANYBODY, 'IDT-18'],
    [
      'an ID Token without a nonce',
      "holds: (c, e) => c.nonce !== undefined || typeof e.nonce !== 'string',",
      ANYBODY,
      'IDT-19',
      [
        [
          'holds: (c, e) => isNonce(c.nonce, e.nonce),',
          'holds: (c, e) => c.nonce === undefined || isNonce(c.nonce, e.nonce),',
        ],
      ],
    ],
    [
      'an access token from elsewhere',
      'holds: (c, e) => isHashOf(c.at_hash, e.access_token, e.alg),',
      ANYBODY,
      'IDT-22',
    ],
  ]),
]
