// What leaves in which dialect, and where oxd listens.
import { weakenings } from './rows.ts'

export const DIALECTS = [
  ...weakenings('src/dispatch.ts', 'test/callers.test.ts', [
    [
      'dispatch: who shows nothing learns which sites there are',
      'guard.first(command, credentials)',
      '',
      '^whoever shows nothing',
    ],
  ]),
  ...weakenings('src/dialect.ts', 'src/dialect.test.ts', [
    [
      'dialect: the 3.x wire gets the members of our library',
      'success: ({ result: shape }, result) =>',
      'success: ({ result: own, more, shape = { ...own, ...more } }, result) =>',
      '^dialects v3: the members that it declares',
    ],
    [
      'dialect: the 4.x wire gets what nobody declared',
      'return bare === undefined ? members : ((members[bare] ?? {}) as Members)',
      'return { ...members, ...result }',
      '^dialects v4: the members that it declares',
    ],
    [
      'dialect: our library gets what nobody declared',
      'Object.fromEntries(declared({ ...shape, ...more }, result).map(([name, , value]) => [name, value])),',
      '({ ...result }),',
      '^dialects native: the members that it declares',
    ],
    [
      'dialect: old clients get details',
      '...(ERRORS[error.code].detailed ? { details: error.details ?? null } : {}),',
      'details: error.details,',
      '^dialects v3: a refusal',
    ],
    [
      'dialect: errors without a reference',
      'const described = (error: OxdError, ref: string): string => `${error.message} [ref ${ref}]`',
      'const described = (error: OxdError, _ref: string): string => error.message',
      '^dialects (v3|v4|native): a refusal',
    ],
  ]),
  ...weakenings('src/config.ts', 'src/config.test.ts', [
    [
      'config: any address is listened on',
      'holds: ({ bind, tcp, require_token }) => isLoopback(bind) || !tcp || require_token,',
      'holds: () => true,',
      '^settings that go together refuse an open socket',
    ],
    [
      'config: unprotected HTTP on any address',
      'holds: ({ bind, insecure_unprotected_http }) => isLoopback(bind) || !insecure_unprotected_http,',
      'holds: () => true,',
      '^settings that go together refuse unprotected HTTP',
    ],
    [
      'config: unencrypted HTTP on any address',
      'holds: ({ bind, insecure_plain_http }) => isLoopback(bind) || !insecure_plain_http,',
      'holds: () => true,',
      '^settings that go together refuse plain HTTP',
    ],
  ]),
]
