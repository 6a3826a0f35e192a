// UNI, TIM and LOG: what runs through everything, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_CROSS_CUTTING = [
  ...weakenedCases('src/oidc/id_token.ts', [
    [
      'a login at any time',
      'holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,',
      'holds: () => true,',
      'TIM-01 TIM-02',
    ],
  ]),
  ...weakenedCases('src/oidc/discovery.ts', [
    [
      'an issuer in another way of writing it',
      'if (metadata.issuer !== issuer) {',
      'if (decodeURIComponent(metadata.issuer) !== decodeURIComponent(issuer)) {',
      'UNI-01',
    ],
    [
      'an issuer as browsers write it',
      'if (metadata.issuer !== issuer) {',
      'if (new URL(metadata.issuer).href !== new URL(issuer).href) {',
      'UNI-02',
    ],
  ]),
  ...weakenedCases('src/oidc/clean.ts', [
    [
      'texts of an OP as they came',
      "const line = text.replace(INVISIBLE, '').replace(BLANK, ' ').trim()",
      'const line = text',
      'UNI-03',
    ],
  ]),
  ...weakenedCases('src/fields.ts', [
    [
      'a state of any characters',
      ".refine((text) => !UNSEEN.test(text), 'must have no control characters, and no half of one')",
      '',
      'UNI-05',
    ],
  ]),
  ...weakenedCases('src/dispatch.ts', [
    ['the log does not say why', '...reasonFields(error, telling),', '', 'LOG-03'],
    // No case of its own: of every trial it is looked whether a secret is in the log.
    [
      'the log has what was sent',
      '...reasonFields(error, telling),',
      '...reasonFields(error, telling), params: JSON.stringify(params),',
      'IDT-03 TOK-01 UIN-01 LOG-01',
    ],
  ]),
]
