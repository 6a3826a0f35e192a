// UIN: what keeps the claims of one user apart from those of another, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_USERINFO = [
  ...weakenedCases('src/oidc/userinfo.ts', [
    [
      'userinfo about anybody',
      "if (sub !== undefined && claims.sub !== sub) throw new OxdError('invalid_subject_identifier')",
      '',
      'UIN-01 RFT-11',
    ],
    [
      'userinfo about nobody',
      "if (typeof claims.sub !== 'string' || claims.sub === '') throw new OxdError('no_subject_identifier')",
      '',
      'UIN-01',
    ],
    [
      'userinfo signed by anybody',
      "return await openJwt(op, client, jwt, registeredFor(client, 'userinfo'))",
      "return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())",
      'UIN-02',
    ],
    [
      'claims of other providers are handed on',
      "const OF_OTHERS: ReadonlySet<string> = new Set(['_claim_names', '_claim_sources'])",
      'const OF_OTHERS: ReadonlySet<string> = new Set()',
      'UIN-09 UIN-10',
    ],
    [
      // All of it would be found in the twin as well, as a secret in a URL.
      'a piece of the access token stands in the URL as well',
      'headers: { authorization: `Bearer ${access_token}` },',
      'headers: { authorization: `Bearer ${access_token}` }, url: `${url}?access_token=${access_token.slice(0, 4)}`,',
      'UIN-12',
    ],
    [
      'userinfo is asked for again',
      "if (response.status === 401) throw new OxdError('invalid_access_token')",
      "if (response.status !== 200) await op.door.request({ step: 'userinfo', url, accept: 'application/json' }); if (response.status === 401) throw new OxdError('invalid_access_token')",
      'UIN-05',
    ],
    ['userinfo of any time', 'if (!isOfNow(op, claims)) {', 'if (false) {', 'TIM-01'],
    ['userinfo for any client', 'if (!isAddressed(op, client, claims)) {', 'if (false) {', 'UIN-02'],
    [
      'JSON for a JWT, and the other way round',
      'const [wanted, other] = isJwtExpected(client) ? [JWT_TYPE, JSON_TYPE] : [JSON_TYPE, JWT_TYPE]',
      'const [wanted, other] = JSON_TYPE.test(type) ? [JSON_TYPE, JWT_TYPE] : [JWT_TYPE, JSON_TYPE]',
      'UIN-04',
    ],
    [
      'a refusal is read as claims',
      "if (response.status !== 200) throw refusal('userinfo', response, [access_token])",
      '',
      'UIN-05',
    ],
    [
      'no userinfo endpoint, and asked anyway',
      "if (url === undefined) throw new OxdError('no_userinfo_endpoint')",
      "if (url === undefined) return op.door.request({ step: 'userinfo', url: `${op.metadata.issuer}/undefined` }) as never",
      'UIN-11',
    ],
  ]),
]
