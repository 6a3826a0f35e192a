// Bounds of what anybody may send or an OP may say, each taken out once.
import { weakenings } from './rows.ts'

const JWT_TEST = 'src/oidc/jwt.test.ts'

export const BOUNDS = [
  ...weakenings('src/oidc/jwt.ts', JWT_TEST, [
    [
      'JWT: a header of any number of members',
      'const header = jsonIn(segment(jws, 0), LIMITS.jwt_header_members_max)',
      'const header = jsonIn(segment(jws, 0))',
      'has a header of so many members, and not one more',
    ],
  ]),
  ...weakenings('src/oidc/jwe.ts', JWT_TEST, [
    [
      'JWE: a header of any number of members',
      'return HEADER.parse(parseJson(text, LIMITS.jwt_header_members_max))',
      'return HEADER.parse(parseJson(text))',
      'has a header of so many members, and not one more',
    ],
  ]),
  ...weakenings('src/oidc/said.ts', 'src/oidc/said.test.ts', [
    [
      'said: a book is quoted',
      "const short = [whole, error, 'an error'].filter(({ length }) => length <= LIMITS.op_said_characters_max)",
      "const short = [whole, error, 'an error']",
      'what an OP says at length',
    ],
  ]),
  ...weakenings('src/oidc/keys.ts', 'src/oidc/keys.test.ts', [
    [
      'keys: operations without end',
      'key_ops: z.array(z.string()).max(LIMITS.list_items_max).optional(),',
      'key_ops: z.array(z.string()).optional(),',
      'a published key is passed over with more operations than there are',
    ],
  ]),
  ...weakenings('src/oidc/http.ts', 'src/oidc/http.test.ts', [
    [
      'door: as many headers as the environment of the process allows',
      'maxHeaderSize: limits.op_header_bytes_max,',
      '',
      'headers up to their bound',
    ],
  ]),
  ...weakenings('src/oidc/scope.ts', 'src/oidc/scope.test.ts', [
    [
      'scope: each item of a list without end is looked at',
      '.union([z.string(), z.array(z.string()).max(LIMITS.op_list_items_max)])',
      '.union([z.string(), z.array(z.string())])',
      'scope as OPs say it',
    ],
  ]),
  ...weakenings('src/serve/public.ts', 'src/limits.test.ts', [
    [
      'public listener: any number of parameters',
      "if (text.split('&', public_parameters_max + 1).length > public_parameters_max) return {}",
      '',
      'reads public_parameters_max of a request',
    ],
  ]),
  ...weakenings('src/serve/public.ts', 'src/serve/public.test.ts', [
    [
      'public listener: whoever says nothing keeps all others out',
      'longest[1].destroy()',
      '',
      'gives the place of whoever says nothing',
    ],
    [
      'public listener: whoever is being answered loses the place',
      'const answered = places.asked(request)',
      'const answered = () => {}',
      'gives the place of whoever says nothing',
    ],
    [
      'public listener: bodies of the size of a command',
      'text = await readBody(request, limits.public_body_bytes_max)',
      'text = await readBody(request, limits.http_body_bytes_max)',
      'reads a body of so many bytes',
    ],
  ]),
  ...weakenings('src/moving/source.ts', 'src/moving/import.test.ts', [
    [
      'an import: no more sites than an answer of an OP has members',
      'const dump = parseJson(text, Infinity, Infinity)',
      'const dump = parseJson(text)',
      'has as many sites as it has',
    ],
  ]),
]
