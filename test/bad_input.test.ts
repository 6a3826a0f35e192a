// Every parameter of every command, wrong in every way, in every dialect: generated from the definitions.
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import type { AnyCommand } from '../src/command.ts'
import { COMMANDS } from '../src/daemon.ts'
import type { DialectName } from '../src/dialect.ts'
import { ERRORS, type ErrorCode } from '../src/error.ts'
import { pathOf } from '../src/publish/paths.ts'
import { Caller, type Data } from '../src/testing/daemon.ts'
import { assertNoSecrets } from '../src/testing/log_scan.ts'
import { REDIRECT, startStory, type Site, type Story } from '../src/testing/story.ts'
import { ABYSS, LEFT_OUT, MARK, parametersOf, type Bad, type Parameter } from './bad_input.ts'

/** Lists within each other: 40 kB of them, far more than a recursive reader survives. */
const ABYSS_LEVELS = 20_000
const ABYSS_TEXT = '['.repeat(ABYSS_LEVELS) + ']'.repeat(ABYSS_LEVELS)
const asJson = (value: unknown): string => JSON.stringify(value).replaceAll(JSON.stringify(ABYSS), ABYSS_TEXT)

/** An answer as it came, and what of it every dialect has. */
interface Said {
  readonly text: string
  readonly ok: boolean
  readonly error: unknown
  readonly description: string
}

/** One connection, on which everything is sent. */
interface Line {
  readonly send: (command: string, params: unknown) => Promise<Said>
  readonly close: () => void
}

interface Way {
  readonly dialect: DialectName
  readonly open: (daemon: Story['daemon']) => Line
  /** Are requests read by a parser that has a limit of depth? */
  readonly bounded_depth: boolean
}

const textOf = (value: unknown): string => {
  assert.equal(typeof value, 'string')
  return String(value)
}
const membersOf = (value: unknown): Data => {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), 'an object')
  return { ...value }
}

/** What is said in an envelope, after a look at its form. */
const opened = (reply: unknown, dialect: DialectName): Said => {
  const text = JSON.stringify(reply)
  const { status, data, ...others } = membersOf(reply)
  assert.deepEqual(others, {})
  if (status === 'ok') return { text, ok: true, error: undefined, description: '' }
  assert.equal(status, 'error')
  const { error, error_description, details, ...more } = membersOf(data)
  assert.deepEqual(more, {})
  if (dialect === 'native') membersOf(details)
  return { text, ok: false, error, description: textOf(error_description) }
}

const overSocket = (dialect: 'v3' | 'native'): Way => ({
  dialect,
  bounded_depth: false,
  open({ port }) {
    const caller = new Caller(port)
    return {
      async send(command, params) {
        const body = asJson({ command, params, ...(dialect === 'native' ? { oxd: 1 } : {}) })
        const reply = await caller.write(String(Buffer.byteLength(body)).padStart(4, '0') + body)
        return opened(reply, dialect)
      },
      close: () => caller.close(),
    }
  },
})

const overHttp = (dialect: 'v3' | 'v4'): Way => ({
  dialect,
  bounded_depth: true,
  open({ places }) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    let connections = 0
    const post = (path: string, body: string): Promise<{ status: number; text: string }> =>
      new Promise((resolve, reject) => {
        const { port } = places[dialect]
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
        const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent })
        sent.on('error', reject)
        sent.on('response', (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('error', reject)
          response.on('end', () => {
            if (!sent.reusedSocket) connections += 1
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() })
          })
        })
        sent.end(body)
      })
    return {
      async send(command, params) {
        const { status, text } = await post(pathOf(command), asJson(params))
        assert.equal(connections, 1, 'the connection was kept')
        const body: unknown = JSON.parse(text)
        if (dialect === 'v3') {
          assert.equal(status, 200)
          return opened(body, dialect)
        }
        const { error, error_description } = membersOf(body)
        if (status === 200) return { text, ok: true, error: undefined, description: '' }
        return { text, ok: false, error: `${status} ${error}`, description: textOf(error_description) }
      },
      close: () => agent.destroy(),
    }
  },
})

const WAYS: Readonly<Record<string, Way>> = {
  'the socket, as clients of 3.1': overSocket('v3'),
  'the socket, as our own library': overSocket('native'),
  'HTTP, as clients of 3.1': overHttp('v3'),
  'HTTP, as clients of 4.x': overHttp('v4'),
}

/** A code as the dialect writes it; with the status over HTTP of 4.x. */
const written = (code: ErrorCode, dialect: DialectName): string => {
  const { wire, v4 = wire, http } = ERRORS[code]
  return dialect === 'native' ? code : dialect === 'v3' ? wire : `${http} ${v4}`
}
const isCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code)

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
const prototypeMembers = (): string =>
  PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).map(String).join()).join('\n')
const CLEAN = prototypeMembers()

describe('bad input', () => {
  let story: Story
  /** Somebody else, who was there before. */
  let bystander: Caller
  let other: Site
  before(async () => {
    story = await startStory({
      http: 'plain',
      argv: ['--insecure-unprotected-http', '--insecure-password-commands'],
    })
    bystander = new Caller(story.daemon.port)
    other = await story.site()
  })
  after(async () => {
    bystander.close()
    await story.close()
  })

  /** Parameters with which nothing is wrong. */
  const goodParams = ({ name, params, examples }: AnyCommand, { oxd_id, issuer }: Site): Data => {
    const example = examples[0]?.params ?? {}
    const known: Data = {
      // It would be gone after the first time.
      oxd_id: name === 'remove_site' ? 'a site that is not there' : oxd_id,
      op_host: issuer,
      resource: `${issuer}/ada`,
      iss: issuer,
      ...(registers({ params }) ? { authorization_redirect_uri: REDIRECT } : {}),
    }
    const required = Object.keys(params).filter((member) => !isOptional(params, member))
    const ours = Object.keys(params).filter((member) => ['oxd_id', 'op_host', 'authorization_redirect_uri'].includes(member))
    return Object.fromEntries(
      [...required, ...ours].map((member) => [member, known[member] ?? example[member]]),
    )
  }

  for (const [title, way] of Object.entries(WAYS)) {
    describe(`over ${title}`, () => {
      const { dialect } = way
      let line: Line
      before(() => {
        line = way.open(story.daemon)
      })
      after(() => line.close())

      /** Sends, looks at everything that must hold whatever was sent, and says how it went: `ok` or the code. */
      const outcomeOf = async (command: string, params: Data): Promise<{ outcome: string; said: Said }> => {
        const { log } = story.daemon
        const lines = log.length
        const said = await line.send(command, params)
        const logged = log.slice(lines)
        const outcome = String(logged.findLast(({ message }) => message === 'command')?.fields.outcome)
        assert.equal(prototypeMembers(), CLEAN, 'no prototype is polluted')
        assertNoSecrets(JSON.stringify(logged), { value: MARK })
        assert.equal(said.ok, outcome === 'ok', said.text)
        if (said.ok) return { outcome, said }
        assertNoSecrets(said.text, { value: MARK })
        assert.ok(isCode(outcome), outcome)
        assert.notEqual(outcome, 'internal_error')
        assert.ok(String(said.error).startsWith(written(outcome, dialect)), `${said.error} for ${outcome}`)
        assert.match(said.description, /\[ref [A-Z2-9]{4}-[A-Z2-9]{2}\]$/)
        assert.ok(said.description.length < 600, said.description)
        return { outcome, said }
      }

      const expected = ({ meta, required }: Parameter, { fate }: Bad): ErrorCode | undefined => {
        if (fate === 'wrong_type') return 'malformed_params'
        if (fate === 'no_use') return meta.invalid ?? 'malformed_params'
        return fate === 'absent' && required ? (meta.missing ?? 'missing_parameter') : undefined
      }

      const judge = async (
        command: AnyCommand,
        good: Data,
        parameter: Parameter,
        one: Bad,
        without: string,
      ): Promise<void> => {
        const { name } = parameter
        const { [name]: _, ...rest } = good
        const params = one.value === LEFT_OUT ? rest : { ...rest, [name]: one.value }
        const isAbyss = JSON.stringify(params).includes(ABYSS)
        const { outcome, said } = await outcomeOf(command.name, params)
        if (isAbyss && way.bounded_depth) return assert.equal(outcome, 'malformed_json')
        const code = expected(parameter, one)
        if (code !== undefined) {
          assert.equal(outcome, code)
          assert.ok(said.description.includes(name), `${said.description} names ${name}`)
        } else if (one.fate === 'absent') {
          assert.equal(outcome, without, 'as if it were not there')
        }
      }

      for (const command of COMMANDS) {
        it(command.name, async () => {
          const site = await story.site(undefined, { accept_foreign_tokens: true })
          const good = goodParams(command, site)
          const broken: string[] = []
          const parameters = parametersOf(command, (name) => (name === 'resource' ? `${site.issuer}/` : ''))
          for (const parameter of parameters) {
            const { [parameter.name]: _, ...rest } = good
            const { outcome: without } = await outcomeOf(command.name, rest)
            for (const one of parameter.bad) {
              await judge(command, good, parameter, one, without).catch((error: Error) =>
                broken.push(`${parameter.name}, ${one.what}: ${error.message.slice(0, 300)}`),
              )
            }
          }
          assert.deepEqual(broken, [])
          assert.equal((await line.send('license_status', {})).ok, true)
          assert.equal((await bystander.call('get_rp', { oxd_id: other.oxd_id })).status, 'ok')
        })
      }
    })
  }
})
