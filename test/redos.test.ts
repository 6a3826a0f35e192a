// DOS-01: texts that make regular expressions look back and forth, in everything that a text from outside is matched with.
import ts from '@typescript/typescript6'
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { analyse } from 'scslre'
import { COMMANDS } from '../src/daemon.ts'
import { parse } from '../src/client/ini.ts'
import { csvRows } from '../src/moving/csv.ts'
import { withEnvironment } from '../src/moving/environment.ts'
import { LIMITS } from '../src/limits.ts'
import { isLocalName } from '../src/oidc/address.ts'
import { fittingParameters, received } from '../src/oidc/authorization_response.ts'
import { whereabouts } from '../src/oidc/discovery.ts'
import { parseJson } from '../src/oidc/json.ts'
import { bypasses } from '../src/oidc/proxy.ts'
import { oauthError, show } from '../src/oidc/said.ts'
import { webfingerOf } from '../src/oidc/webfinger.ts'
import { readParams, type Shape } from '../src/params.ts'
import { isOwnHost } from '../src/serve/http_hosts.ts'

const UNITS = [
  'a',
  '@',
  '.',
  '-',
  ' ',
  '\t',
  '\n',
  '%41',
  '%',
  '/',
  ':',
  '"',
  '\\',
  '\\"',
  '""',
  '[',
  '${a',
  '${a:-',
  ',',
  '{"a":',
  'a@',
  'a.',
  'a =',
  '\u202e ',
  '\ud83d',
  '=',
  'aA0-_',
  '#',
  '?',
  '1',
]
/** What stands before and after, so that a match begins late, and what was matched so far matches no longer. */
const AROUND: readonly (readonly [before: string, after: string])[] = [
  ['', ''],
  ['', '\0'],
  ['', '!'],
  ['', '"'],
  ['', '@b'],
  ['', '\n!'],
  ['a', 'a'],
  ['a =a', 'a'],
  ['https://a/', '\n!'],
]

const answer = (text: string) => ({
  status: 400,
  text,
  url: 'https://op.example.com/',
  headers: new Headers(),
})
/** Each once, by its name. */
const PARAMETERS = Object.entries(Object.assign({}, ...COMMANDS.map(({ params }) => params)) as Shape)
const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  'a text of an OP': show,
  'an error of an OP': (text) =>
    oauthError(answer(JSON.stringify({ error: text })), ['a secret of the request']),
  JSON: parseJson,
  'an op_host': (text) => whereabouts(text, {}),
  'an account': (text) => webfingerOf(text),
  'a host': (text) => [isLocalName(text), isOwnHost({ host: text, at: '127.0.0.1', certificate: undefined })],
  'hosts without proxy': (text) => bypasses(text)('op.example.com', 443),
  'a file of settings': (text) => parse(Buffer.from(text)),
  'rows of a table': (text) => [...csvRows(text)].length,
  'a file with variables': (text) => withEnvironment(text, { a: 'b' }, LIMITS),
  'every parameter of every command': (text) => {
    for (const [name, schema] of PARAMETERS) {
      try {
        readParams({ [name]: schema }, { [name]: text })
      } catch {
        // Refused is answered.
      }
      try {
        readParams({ [name]: schema }, { [name]: [text] })
      } catch {
        // Refused is answered.
      }
    }
  },
}
const responseIn = (callback_url: string) =>
  fittingParameters(received({ callback_url }), {
    redirect_uri: 'https://client.example.com/callback',
    response_type: 'code',
    response_mode: undefined,
  })
const BYTES = 65_536
/** On the processor; what is honest takes a millisecond or two. */
const MS_MAX = 1_500

for (const [what, parser] of Object.entries(PARSERS)) {
  test(`64 KiB of anything, as ${what}, take no time`, () => {
    for (const unit of UNITS) {
      for (const [start, end] of AROUND) {
        const text = start + unit.repeat(Math.floor(BYTES / unit.length)) + end
        const before = process.cpuUsage()
        try {
          parser(text)
        } catch {
          // Refused is answered.
        }
        const { user, system } = process.cpuUsage(before)
        assert.ok(
          (user + system) / 1_000 < MS_MAX,
          `${JSON.stringify([start, unit, end])}: ${(user + system) / 1_000} ms`,
        )
      }
    }
  })
}

/** As many parameters as there is room for, none of them twice. */
const parametersIn = (characters: number): string =>
  Array.from({ length: characters / 5 }, (_, i) => i.toString(36).padStart(4, '_')).join('&')

// More than a callback URL may have, so that the difference is plain.
test('as many parameters as there is room for, in a callback URL, take no time', () => {
  const characters = 4 * LIMITS.callback_characters_max
  const text = parametersIn(characters)
  const before = process.cpuUsage()
  const count = Object.keys(responseIn(`https://client.example.com/callback?${text}`)).length
  const { user, system } = process.cpuUsage(before)
  assert.ok(count > characters / 5 - 2)
  assert.ok((user + system) / 1_000 < MS_MAX, `${(user + system) / 1_000} ms`)
})

const SRC = join(import.meta.dirname, '../src')
/** What meets texts from outside; `testing` talks to nobody but tests. */
const SOURCES = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('testing'),
)

function* patternsIn(node: ts.Node): Generator<RegExp> {
  if (ts.isRegularExpressionLiteral(node)) {
    const end = node.text.lastIndexOf('/')
    yield new RegExp(node.text.slice(1, end), node.text.slice(end + 1))
  }
  // A list: the callback of forEachChild cannot yield.
  const children: ts.Node[] = []
  ts.forEachChild(node, (child) => void children.push(child))
  for (const child of children) yield* patternsIn(child)
}
const slowIn = (file: string, text: string): readonly string[] =>
  [...patternsIn(ts.createSourceFile(file, text, ts.ScriptTarget.Latest))]
    .filter((pattern) => analyse(pattern).reports.length > 0)
    .map((pattern) => `${file}: ${pattern}`)

test('a pattern that takes the square of the length of its text, or more, is recognised', () => {
  assert.deepEqual(slowIn('a.ts', String.raw`text.replace(/[ \t]+$/, '').match(/^(?:a*)*b/) ?? /^\s*\s*$/`), [
    String.raw`a.ts: /[ \t]+$/`,
    'a.ts: /^(?:a*)*b/',
    String.raw`a.ts: /^\s*\s*$/`,
  ])
})

// Pairs of repetitions are looked at. Alternatives that begin alike, as in (?:a|a)*, are left to the texts above.
test('no pattern of oxd goes through a long repetition again and again', () => {
  const slow = SOURCES.flatMap((file) => slowIn(file, readFileSync(join(SRC, file), 'utf8')))
  assert.deepEqual(slow, [], 'give it a beginning, or write it without a pattern')
})
