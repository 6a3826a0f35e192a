// Every parameter of every command, wrong in every way, in a dialect: generated from the definitions.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AnyCommand } from '../src/command.ts'
import { COMMANDS } from '../src/daemon.ts'
import type { DialectName } from '../src/dialect.ts'
import { ERRORS, type ErrorCode } from '../src/error.ts'
import { isOptional } from '../src/params.ts'
import { Caller, type Data } from '../src/testing/daemon.ts'
import { assertNoSecrets } from '../src/testing/log_scan.ts'
import { REDIRECT, startStory, type Site, type Story } from '../src/testing/story.ts'
import { ABYSS, LEFT_OUT, MARK, parametersOf, type Bad, type Parameter } from './bad_input.ts'
import type { Line, Said, Way } from './bad_input_ways.ts'

const isCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code)

/** A code as the dialect writes it; before it the status, which only 4.x has. */
const written = (code: ErrorCode, dialect: DialectName): RegExp => {
  const { wire, v4 = wire, http } = ERRORS[code]
  // Completed by the status with which the OP refused, which is that of the answer, too.
  const [rest, status] = wire.endsWith('_') ? ['\\d{3}', '\\d{3}'] : ['', String(http)]
  const texts: Readonly<Record<DialectName, string>> = {
    v3: wire + rest,
    v4: `${status} ${v4}${rest}`,
    native: code,
  }
  return new RegExp(`^${texts[dialect]}$`)
}

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
const prototypeMembers = (): string =>
  PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).map(String).join()).join('\n')
const CLEAN = prototypeMembers()

/** Addresses and names of algorithms, which an error has to show so that the reader finds the mistake; cleaned. */
const SHOWN = new Set([
  'op_host',
  'client_token_endpoint_auth_method',
  'id_token_signed_response_alg',
  ...['id_token', 'user_info', 'authorization'].flatMap((sort) =>
    ['signed_response_alg', 'encrypted_response_alg', 'encrypted_response_enc'].map(
      (what) => `${sort}_${what}`,
    ),
  ),
  'request_object_signing_alg',
  'request_object_encryption_alg',
  'request_object_encryption_enc',
])
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
/** As JSON.stringify writes it; whole characters it does not escape. */
const HALF_A_CHARACTER = /\\ud[89a-f]/
const DESCRIPTION_CHARACTERS_MAX = 600
/** Failing cases of one command that are named. */
const BROKEN_MAX = 20
const BROKEN_CHARACTERS_MAX = 400

const expected = ({ meta, required }: Parameter, { fate }: Bad): ErrorCode | undefined => {
  if (fate === 'wrong_type') return 'malformed_params'
  if (fate === 'no_use') return meta.invalid ?? 'malformed_params'
  return fate === 'absent' && required ? (meta.missing ?? 'missing_parameter') : undefined
}

const isRegistering = ({ params }: AnyCommand): boolean => Object.hasOwn(params, 'authorization_redirect_uri')

const BY_HAND = { client_id: 'by-hand', client_secret: 'told by an administrator' }

/** Two sites of one issuer: for changes of the second one the OP is not asked. */
interface Sites {
  readonly site: Site
  readonly byHand: Site
}

/** Parameters with which nothing is wrong; `quiet`: no client is registered or changed at the OP. */
const goodParams = (command: AnyCommand, { site, byHand }: Sites, quiet: boolean): Data => {
  const { name, params, examples } = command
  const { oxd_id } = quiet && isRegistering(command) ? byHand : site
  const optional: Data = {
    // It would be gone after the first time.
    oxd_id: name === 'remove_site' ? 'no site has this oxd_id' : oxd_id,
    op_host: site.issuer,
    authorization_redirect_uri: REDIRECT,
    ...(quiet && params.op_host !== undefined && isRegistering(command) ? BY_HAND : {}),
  }
  const required: Data = { resource: `${site.issuer}/ada`, iss: site.issuer }
  const example = examples[0]?.params ?? {}
  return Object.fromEntries(
    Object.entries(params).flatMap(([member, schema]) => {
      if (Object.hasOwn(optional, member)) return [[member, optional[member]]]
      return isOptional(schema) ? [] : [[member, required[member] ?? example[member]]]
    }),
  )
}

/** Tests that whatever comes in is answered or refused by name, and hurts nobody. */
export const testBadInput = (title: string, way: Way): void => {
  describe(`bad input over ${title}`, () => {
    let story: Story
    /** Somebody else, who was there before and is in the middle of a login. */
    let bystander: Caller
    let other: Site
    let underWay: Data
    let line: Line
    before(async () => {
      story = await startStory({
        http: 'plain',
        argv: ['--insecure-unprotected-http', '--insecure-password-commands'],
      })
      bystander = new Caller(story.daemon.port)
      line = way.open(story.daemon)
      // All the bad input may take longer than a code lives.
      other = await story.site({ ignores: ['code_expiry'] })
      underWay = await other.visit()
    })
    after(async () => {
      line.close()
      bystander.close()
      await story.close()
    })

    it('has something of everything for each parameter', () => {
      const all = COMMANDS.flatMap((command) => parametersOf(command))
      for (const { name, bad } of all) {
        const fates = new Set(bad.map(({ fate }) => fate))
        assert.ok(fates.has('absent') && fates.has('wrong_type'), name)
        assert.ok(bad.length >= 15, name)
      }
    })

    interface Outcome {
      /** `ok`, or the code of the error. */
      readonly code: string
      readonly said: Said
    }
    /** Looks at everything that must hold whatever was sent. */
    const outcomeOf = async (answer: () => Promise<Said>, mayShow: boolean): Promise<Outcome> => {
      const { log } = story.daemon
      const lines = log.length
      const said = await answer()
      const logged = log.slice(lines)
      const code = String(logged.findLast(({ message }) => message === 'command')?.fields.outcome)
      assert.equal(prototypeMembers(), CLEAN, 'a prototype was polluted')
      assertNoSecrets(JSON.stringify(logged), { 'the value, in the log,': MARK })
      assert.equal(said.ok, code === 'ok', said.text)
      if (said.ok) return { code, said }
      if (!mayShow) assertNoSecrets(said.text, { 'the value, in the reply,': MARK })
      assert.ok(isCode(code), code)
      assert.notEqual(code, 'internal_error')
      assert.match(said.error, written(code, way.dialect))
      assert.match(said.description, / \[ref [A-Z2-9]{4}-[A-Z2-9]{2}\]$/)
      assert.doesNotMatch(said.description, UNPRINTABLE)
      assert.ok(said.description.length < DESCRIPTION_CHARACTERS_MAX, said.description)
      return { code, said }
    }

    /** A state of the site, where the command spends one: a bad code gets as far as the OP then. */
    const fresh = async ({ params }: AnyCommand, { oxd_id }: Site): Promise<Data> => {
      if (params.code === undefined || params.state === undefined) return {}
      const { data } = await bystander.call('get_authorization_url', { oxd_id }, { oxd: 1 })
      return { state: data.state }
    }

    const judge = async (
      command: AnyCommand,
      sites: Sites,
      parameter: Parameter,
      one: Bad,
      without: string,
    ): Promise<void> => {
      const { name } = parameter
      const { [name]: _, ...rest } = {
        ...goodParams(command, sites, one.fate !== 'any'),
        ...(one.fate === 'any' ? await fresh(command, sites.site) : {}),
      }
      const params = one.value === LEFT_OUT ? rest : { ...rest, [name]: one.value }
      const mayShow = one.fate === 'any' && SHOWN.has(name)
      const { code, said } = await outcomeOf(() => line.send(command.name, params), mayShow)
      const json = JSON.stringify(params)
      const isUnreadable = json.includes(JSON.stringify(ABYSS)) || HALF_A_CHARACTER.test(json)
      if (isUnreadable && way.strict_json) return assert.equal(code, 'malformed_json')
      const wanted = expected(parameter, one)
      if (wanted !== undefined) {
        assert.equal(code, wanted)
        assert.ok(said.description.includes(name), `${said.description} does not name it`)
      } else if (one.fate === 'absent') {
        assert.equal(code, without, 'not as without it')
      }
    }

    for (const command of COMMANDS) {
      it(command.name, async () => {
        const site = await story.site(undefined, { accept_foreign_tokens: true })
        const { data } = await story.register(site.issuer, BY_HAND)
        const sites = { site, byHand: { ...site, oxd_id: String(data.oxd_id) } }
        // So that no address leads out of this machine.
        const within = { op_host: `${site.issuer}/`, resource: `${site.issuer}/` }
        const broken: string[] = []
        // One mistake may break a thousand cases.
        const isEnough = (): boolean => broken.length >= BROKEN_MAX
        for (const parameter of parametersOf(command, within)) {
          const { [parameter.name]: _, ...rest } = goodParams(command, sites, true)
          const without = await outcomeOf(() => line.send(command.name, rest), false)
          for (const one of parameter.bad) {
            if (isEnough() || (one.fate === 'any' && !way.allowed_too)) continue
            await judge(command, sites, parameter, one, without.code).catch((error: Error) =>
              broken.push(`${parameter.name}, ${one.what}: ${error.message}`.slice(0, BROKEN_CHARACTERS_MAX)),
            )
          }
        }
        assert.deepEqual(broken, [])
        const { ok } = await line.send('license_status', {})
        assert.ok(ok, 'the connection answers the next command')
        const { status } = await bystander.call('get_rp', { oxd_id: other.oxd_id })
        assert.equal(status, 'ok', 'and so does that of somebody else')
      })
    }

    it('an address with line ends, which URLs would be read without', async () => {
      const op_host = `${other.issuer}\r\n`
      const { code } = await outcomeOf(() => line.send('get_discovery', { op_host }), false)
      assert.equal(code, 'invalid_op_host')
    })

    for (const [what, { code, ...sent }] of Object.entries(way.nonsense)) {
      it(`${what}: ${code}`, async () => {
        const { said, ...outcome } = await outcomeOf(() => line.request(sent), false)
        assert.equal(outcome.code, code)
        assert.ok(said.error !== '')
      })
    }

    it('somebody else finishes the login that was under way', async () => {
      const { status, data } = await bystander.call('get_tokens_by_code', {
        oxd_id: other.oxd_id,
        code: underWay.code,
        state: underWay.state,
      })
      assert.equal(status, 'ok', JSON.stringify(data))
    })
  })
}
