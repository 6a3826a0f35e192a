// Parameters of commands, one by one: what is read out of them, scope expressions, addresses.
import assert from 'node:assert/strict'
import { isIP, isIPv4 } from 'node:net'
import { COMMANDS } from '../../../src/daemon.ts'
import { addressKind, isLocalName } from '../../../src/oidc/address.ts'
import { authorizationUrl, loginParameters, refuseOwned } from '../../../src/oidc/authorization.ts'
import { whereabouts } from '../../../src/oidc/discovery.ts'
import { bypasses } from '../../../src/oidc/proxy.ts'
import { isSatisfied, parseExpression } from '../../../src/oidc/uma_rule.ts'
import { readParams } from '../../../src/params.ts'
import { isOwnHost } from '../../../src/serve/http_hosts.ts'
import { assertUnpolluted, refusedBy, targets } from '../../../src/testing/fuzz/target.ts'
import { isJson } from '../../../src/testing/jws.ts'
import { METADATA } from '../said_by_op.ts'

const BY_NAME = new Map(COMMANDS.map((command) => [command.name, command]))

const objectIn = (input: Buffer): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(input.toString())
    return isJson(value) ? value : {}
  } catch {
    return {}
  }
}

/** Commands with their own examples: each parameter is met in an honest form. */
const EXAMPLES = COMMANDS.flatMap(({ name, examples }) =>
  examples.map(({ params }) => JSON.stringify({ command: name, params })),
)

/** Ranges that are nobody's public address, as a second opinion on a few. @see https://www.rfc-editor.org/rfc/rfc6890 */
const NOT_PUBLIC =
  /^(?:0|10|127)\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\.|^192\.168\.|^198\.1[89]\.|^(?:22[4-9]|2[3-5]\d)\./

export const TARGETS = targets({
  params: {
    promise:
      'What a command declares, within its bounds, and the same when it is read again; or a listed refusal.',
    about: ['params', 'fields'],
    examples: EXAMPLES,
    open: () => ({
      async run(input) {
        const { command, params } = objectIn(input)
        const known = typeof command === 'string' ? BY_NAME.get(command) : undefined
        if (known === undefined || !isJson(params)) return
        const read = await refusedBy(() => readParams(known.params, params))
        assertUnpolluted()
        if (!('value' in read)) return
        assert.ok(JSON.stringify(read.value).isWellFormed(), 'half a character came through')
        const again = await refusedBy(() => readParams(known.params, read.value))
        assert.ok('value' in again, 'what was read is refused when it is read again')
        assert.deepEqual(again.value, read.value)
      },
    }),
  },
  scope_expression: {
    promise:
      'A rule that says yes or no to every set of scopes, the same after it was stored; or its refusal.',
    about: ['oidc/uma_rule'],
    examples: [
      '{"rule":{"and":[{"or":[{"var":0},{"var":1}]},{"var":2}]},"data":["a","b","c"]}',
      '{"rule":{"if":[{"var":"0"},{"!":[{"var":[1]}]},{"==":[1,{"+":["1"]}]}]},"data":["a","b"]}',
      '{"rule":{"<":[1,2,3]},"data":["a"]}',
      '{"rule":{"!!":[]},"data":["a"]}',
      '{"rule":{"method":["a","constructor"]},"data":["a"]}',
    ],
    open: () => ({
      async run(input) {
        const found = await refusedBy(
          () => parseExpression(input.toString()),
          new Set(['invalid_scope_expression']),
        )
        assertUnpolluted()
        if (!('value' in found)) return
        const stored = parseExpression(JSON.stringify(found.value))
        const { data } = found.value
        for (const held of [new Set<string>(), new Set(data), new Set(data.slice(0, 1))]) {
          const answer = isSatisfied(found.value, held)
          assert.equal(typeof answer, 'boolean')
          assert.equal(isSatisfied(stored, held), answer, 'it says something else after it was stored')
        }
      },
    }),
  },
  addresses: {
    promise:
      'Where an OP is: an https or http URL without user, query and fragment; private addresses are known as such; no name is mistaken for one of ours.',
    about: ['oidc/discovery', 'oidc/address', 'oidc/proxy', 'serve/http_hosts', 'serve/http_addresses'],
    examples: [
      'op.example.com',
      'https://op.example.com/tenant/',
      'http://127.0.0.1:8080',
      'https://user@op.example.com',
      '2130706433',
      '[::ffff:127.0.0.9]:443',
      '0177.0.0.9',
      'localhost.',
      'fe80::1%eth0',
      '::ffff:10.0.0.1',
      '64:ff9b::7f00:1',
      'https://op.example.com?x#y',
      '169.254.169.254',
      '10.0.0.0/8,.example.com:80,*',
    ],
    open: () => ({
      async run(input) {
        const text = input.toString()
        const found = await refusedBy(
          () => whereabouts(text, {}),
          new Set(['invalid_op_host', 'invalid_op_configuration_endpoint']),
        )
        if ('value' in found) {
          const { protocol, username, password, search, hash } = new URL(found.value.discovery_url)
          assert.match(protocol, /^https?:$/)
          assert.deepEqual([username, password, search, hash], ['', '', '', ''])
        }
        if (isIP(text) !== 0) {
          const kind = addressKind(text)
          if (isIPv4(text) && NOT_PUBLIC.test(text))
            assert.notEqual(kind, 'public', 'a private address is public')
        }
        isLocalName(text)
        bypasses(text)('op.example.com', 443)
        if (isOwnHost({ host: text, at: '192.0.2.1', certificate: undefined })) {
          const { hostname } = new URL(`http://${text}`)
          assert.match(
            hostname,
            /^(?:127\.\d+\.\d+\.\d+|192\.0\.2\.1|\[::1\]|\[::ffff:(?:7f|c000:201).*\]|(?:.*\.)?localhost\.?)$/i,
            'a foreign name is taken for ours',
          )
        }
      },
    }),
  },
  authorization_url: {
    promise:
      'Each parameter of oxd is in the URL once and as oxd said it, whatever a caller adds; or a refusal.',
    about: ['oidc/authorization'],
    examples: [
      '{"prompt":"login","acr_values":"a b"}',
      '{"state":"x"}',
      '{"redirect_uri":"https://evil.example.com"}',
      '{"a&state":"x"}',
      '{"x":"&state=y#z"}',
      '{"scope ":"x","Client_id":"y"}',
    ],
    open: () => ({
      async run(input) {
        const login = {
          redirect_uri: 'https://rp.example.com/cb?a=1',
          state: 'a state',
          nonce: 'a nonce',
          code_challenge: 'c',
        }
        const custom = Object.fromEntries(
          Object.entries(objectIn(input)).filter(
            (entry): entry is [string, string] => typeof entry[1] === 'string',
          ),
        )
        const ours = loginParameters(login, { client_id: 'client', scope: ['openid'] })
        const metadata = { authorization_endpoint: `${METADATA.authorization_endpoint}?tenant=1` }
        const found = await refusedBy(
          () => {
            refuseOwned(metadata, ours, custom)
            return authorizationUrl(metadata, [...ours, ...Object.entries(custom)])
          },
          new Set(['invalid_request']),
        )
        if (!('value' in found)) return
        const url = new URL(found.value)
        assert.equal(url.origin, new URL(METADATA.authorization_endpoint).origin)
        assert.equal(url.hash, '')
        for (const [name, value] of [...ours, ['tenant', '1'] as const]) {
          if (value === undefined) continue
          assert.deepEqual(url.searchParams.getAll(name), [value], `${name} is not as oxd said it`)
        }
      },
    }),
  },
})
