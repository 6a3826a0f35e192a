// IDT: what an ID Token says.
import type { Area } from '../../src/testing/cases/case.ts'
import { login } from '../../src/testing/cases/drives.ts'

export const ID_TOKEN: Area = {
  name: 'ID Token claims',
  cases: [
    {
      id: 'IDT-01',
      title: 'another issuer: "1" behind it, in capitals, a slash more',
      drive: login,
      refused: {
        iss_suffixed: 'invalid_id_token_bad_issuer',
        iss_upper_case: 'invalid_id_token_bad_issuer',
        iss_slashed: 'invalid_id_token_bad_issuer',
      },
      requests: { token: 1 },
    },
    {
      id: 'IDT-02',
      title: 'no issuer, a list, an object',
      drive: login,
      refused: {
        iss_missing: 'invalid_id_token_no_issuer',
        iss_list: 'invalid_id_token_no_issuer',
        iss_object: 'invalid_id_token_no_issuer',
      },
    },
    {
      id: 'IDT-03',
      title: 'another audience',
      drive: login,
      refused: { aud_suffixed: 'invalid_id_token_bad_audience' },
    },
  ],
}
