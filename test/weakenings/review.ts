// What an attacker found who read the whole of it: work without bound, sources that are many, tokens of another sort.
import { weakenings } from './rows.ts'

const REDOS = 'test/redos.test.ts'
const PUBLIC = 'src/serve/public.test.ts'

export const REVIEW_WEAKENINGS = [
  ...weakenings('src/serve/public.ts', REDOS, [
    [
      'public: each parameter is compared with all others',
      'return Object.fromEntries([...once].filter(([name]) => !twice.has(name)))',
      'const read = new URLSearchParams(text); return Object.fromEntries([...once].filter(([name]) => read.getAll(name).length === 1))',
      'in a form at the public listener',
    ],
  ]),
  ...weakenings('src/serve/public.ts', PUBLIC, [
    [
      'public: one customer is a source for each of its addresses',
      "return [...front, ...zeros, ...back].slice(0, 4).join(':')",
      "return address.split(':').slice(0, 4).join(':')",
      'counts all addresses of one customer as one',
    ],
  ]),
  ...weakenings('src/oidc/authorization_response.ts', REDOS, [
    [
      'response: each parameter is compared with all others',
      'const twice = found.map(([name]) => name).find((name) => names.size === names.add(name).size)',
      'const all = found.map(([name]) => name); const twice = all.find((name, at) => names.size < 0 || all.indexOf(name) !== at)',
      'in a callback URL',
    ],
  ]),
]
