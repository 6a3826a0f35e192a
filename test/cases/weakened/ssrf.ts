// SSR: what keeps oxd out of where it has no business, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_SSRF = [
  ...weakenedCases('src/oidc/connect.ts', [
    [
      'connections to any address',
      'if (met !== undefined && !trusted.has(origin)) {',
      'if (false) {',
      'SSR-01 SSR-02 SSR-03 SSR-04 SSR-05 SSR-06 SSR-10',
    ],
    [
      'one public address makes up for the others',
      "const met = kinds.find(({ kind }) => kind !== 'public')",
      "const met = kinds.every(({ kind }) => kind !== 'public') ? kinds[0] : undefined",
      'SSR-06',
    ],
    ['the name is asked for again', 'lookup: pinned(addresses),', 'lookup: lookup as never,', 'SSR-07'],
  ]),
  ...weakenedCases('src/oidc/address.ts', [
    [
      'addresses of metadata services',
      "['169.254.0.0/16', 'link_local'],",
      '',
      'SSR-04',
      [["['169.254.169.254/32', 'metadata'],", '']],
    ],
    ['private addresses', "['10.0.0.0/8', 'private'],", '', 'SSR-05 SSR-06'],
    [
      'IPv4 addresses in IPv6',
      'if (embedding !== undefined) return kindOf({ width: 32, value: (at.value >> embedding[1]) & 0xffff_ffffn })',
      "if (embedding !== undefined) return 'public'",
      'SSR-03',
    ],
  ]),
]
