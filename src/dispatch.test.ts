// From a request to its answer: what is answered to what, and that nothing else gets out.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { command, type AnyCommand } from './command.ts'
import { createDispatch, type Request } from './dispatch.ts'
import { fields } from './fields.ts'
import { Caller } from './testing/daemon.ts'
import { startStory, type Story } from './testing/story.ts'
import { realWorld } from './world.ts'

const REFERENCE = / \[ref [A-Z2-9]{4}-[A-Z2-9]{2}\]$/

describe('requests over the socket', () => {
  let story: Story
  let caller: Caller
  before(async () => {
    story = await startStory()
    caller = new Caller(story.daemon.port)
  })
  after(async () => {
    caller.close()
    await story.close()
  })

  const ANSWERS: readonly (readonly [body: string, code: string])[] = [
    ['{}', 'unsupported_operation'],
    ['{"command":"test"}', 'unsupported_operation'],
    ['{"command":"","params":{}}', 'unsupported_operation'],
    ['{"command":7,"params":{}}', 'unsupported_operation'],
    ['{"command":"__proto__","params":{}}', 'unsupported_operation'],
    ['{"command":"constructor","params":{}}', 'unsupported_operation'],
    ['{"command":"get_user_info"}', 'internal_error'],
    ['{"command":"get_user_info","params":null}', 'internal_error'],
    ['{"command":"get_user_info","params":[]}', 'internal_error'],
    ['{"command":"get_user_info","params":"x"}', 'internal_error'],
    ['{"command":"get_user_info","params":{}}', 'bad_request'],
    ['{"command":"GET_User_Info","params":{"oxd_id":"x","access_token":"y"}}', 'invalid_oxd_id'],
    ['{"command":"get_user_info","params":{"oxd_id":"x","access_token":"y"},"other":1}', 'invalid_oxd_id'],
    ['{"command":"get_user_info","params":{"oxd_id":"x"', 'internal_error'],
    ['{"command":]', 'internal_error'],
  ]
  for (const [body, code] of ANSWERS) {
    it(`answers ${body} with ${code}, and the connection stays open`, async () => {
      const { status, data } = await caller.write(`${String(body.length).padStart(4, '0')}${body}`)
      assert.equal(status, 'error')
      assert.equal(data.error, code, String(data.error_description))
      assert.deepEqual(Object.keys(data), ['error', 'error_description'])
      assert.match(String(data.error_description), REFERENCE)
      const again = await caller.call('test', {})
      assert.equal(again.data.error, 'unsupported_operation')
    })
  }

  it('logs one line for each, with the reference of its error', async () => {
    const lines = story.daemon.log.length
    const { data } = await story.daemon.call('get_user_info', {
      oxd_id: '5ec2e700-0000-4000-8000-000000000000',
      access_token: 'secret',
    })
    const [line, ...more] = story.daemon.log.slice(lines)
    assert.deepEqual(more, [])
    assert.equal(line?.fields.outcome, 'invalid_oxd_id')
    assert.equal(line?.fields.command, 'get_user_info')
    assert.equal(line?.fields.site, '5ec2e700')
    assert.match(String(line?.fields.peer), /^127\.0\.0\.1:\d+$/)
    assert.equal(typeof line?.fields.ms, 'number')
    assert.match(String(data.error_description), new RegExp(`\\[ref ${String(line?.fields.ref)}\\]$`))
  })

  it('gives details to our own library alone', async () => {
    const { data } = await caller.call('get_user_info', { oxd_id: 'x' }, { oxd: 1 })
    const { ref, ...details } = data.details as Record<string, unknown>
    assert.equal(data.error, 'missing_parameter')
    assert.deepEqual(details, { parameter: 'access_token' })
    assert.match(String(data.error_description), new RegExp(String(ref)))
  })
})

describe('dispatch', () => {
  const log: string[] = []
  const probe = (run: () => Promise<Record<string, unknown>>): AnyCommand => {
    const definition = command({
      name: 'probe',
      since: '0',
      access: 'public',
      summary: '',
      repeatable: false,
      spec: [],
      params: {},
      result: { uri: fields.uri, refresh_token: fields.refresh_token },
      more: { login_id: fields.login_id },
      errors: [],
      examples: [],
      // The test answers what no honest command would.
      run: run as never,
    })
    return definition as never
  }
  const ask = (run: () => Promise<Record<string, unknown>>, more: Request = {}, fits = () => true) =>
    createDispatch(
      [probe(run)],
      {
        world: realWorld((level, message, fields) => void log.push(JSON.stringify([level, message, fields]))),
        // The probe needs none of these.
        ops: undefined as never,
        sites: undefined as never,
        logins: undefined as never,
        liveLogins: undefined as never,
        endedLogins: undefined as never,
        webhooks: undefined as never,
        pats: undefined as never,
        refreshes: undefined as never,
        rpKeys: undefined as never,
        uma: undefined as never,
        defaults: { op_host: undefined, site: {}, insecure_password_commands: false, public_url: undefined },
      },
      // Nor a guard: what is public needs none.
      { first: () => {}, permit: async () => undefined as never },
      { fingerprint: () => '', characters_max: 200 },
    )
      .overSocket({ protected: false, fits })
      .handle({ command: 'probe', params: {}, ...more }, 'test', new AbortController().signal)

  it('lets out what the command declares, in its order, nulls included', async () => {
    const run = async () => ({ secret: 'x', login_id: 'l', uri: 'u' })
    const { reply } = await ask(run)
    assert.equal(JSON.stringify(reply), '{"status":"ok","data":{"uri":"u","refresh_token":null}}')
    const full = await ask(run, { oxd: 1 })
    assert.equal(
      JSON.stringify(full.reply),
      '{"status":"ok","data":{"uri":"u","refresh_token":null,"login_id":"l"}}',
    )
    assert.equal(full.long, true)
  })

  it('says in one line of the log, under one reference, that a reply does not fit', async () => {
    const before = log.length
    const { reply } = await ask(
      async () => ({ uri: 'u' }),
      {},
      () => false,
    )
    const [line, ...more] = log.slice(before)
    assert.deepEqual(more, [])
    assert.match(String(line), /"probe".*reply_too_large/)
    const ref = /\[ref (\S+)\]/.exec(JSON.stringify(reply))?.[1]
    assert.ok(ref !== undefined && String(line).includes(ref))
  })

  it('logs nothing of what is no oxd_id', async () => {
    const before = log.length
    await ask(async () => ({ uri: 'u' }), { params: { oxd_id: 'secret\u001bc' } })
    assert.doesNotMatch(log.slice(before).join(''), /secret/)
  })

  it('lets no text of an unknown exception out, into the answer or into the log', async () => {
    const { reply } = await ask(async () => {
      throw new Error('a secret in a message\nand a secret in its second line')
    })
    assert.match(JSON.stringify(reply), /internal_error.*\[ref /)
    assert.doesNotMatch(JSON.stringify(reply), /a secret/)
    assert.doesNotMatch(log.join('\n'), /a secret/)
    assert.match(log.join('\n'), /unexpected failure.*"exception":"Error".*dispatch\.test/)
  })
})
