// The six commands as four original clients really sent them, framed as recorded, with live values put in.
// Each reply is compared with the members that these clients know.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { Caller, type Data } from '../src/testing/daemon.ts'
import { HOME, startStory, type Story } from '../src/testing/story.ts'

/** The members of each reply, in order: protocol 3.0.1, C1 to C6. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  register_site: ['oxd_id', 'op_host'],
  update_site_registration: ['oxd_id'],
  update_site: ['oxd_id'],
  get_authorization_url: ['authorization_url'],
  get_tokens_by_code: ['access_token', 'expires_in', 'id_token', 'refresh_token', 'id_token_claims'],
  get_user_info: ['claims'],
  get_logout_uri: ['uri'],
}

interface Frame {
  readonly conn: number
  readonly hdr: string
  readonly n: number
  readonly command: string
  readonly params: Data
}

const framesOf = (file: string): Frame[] =>
  readFileSync(new URL(`recorded/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    // Written by a recorder of ours, one object a line.
    .map((line) => JSON.parse(line) as Frame & { ev: string })
    .filter(({ ev, command }) => ev === 'frame' && command in MEMBERS)

/** Of each recording the six commands; a recorder may have run a client twice, then this is its last run. */
const runsOf = (frames: readonly Frame[]): Frame[][] => {
  const runs: Frame[][] = []
  for (const frame of frames) {
    if (frame.command === 'register_site') runs.push([])
    runs.at(-1)?.push(frame)
  }
  return runs
}

/** How a client writes its header, for a body that is longer or shorter than the recorded one. */
const headerLike = ({ hdr }: Frame, body: string): string => {
  const length = String(body.length)
  // Four digits as recorded; PHP and Node put zeros before, which is the same from 100 on.
  return hdr.length === 4 ? length.padStart(4, '0') : `${hdr.slice(0, hdr.length - length.length)}${length}`
}

describe('recorded clients', () => {
  let story: Story
  before(async () => {
    story = await startStory()
  })
  after(() => story.close())

  for (const file of ['node-3.1.4.jsonl', 'php-3.0.1.jsonl', 'python-3.0.1.jsonl', 'python-3.1.3.jsonl']) {
    for (const [index, run] of runsOf(framesOf(file)).entries()) {
      it(`${file}, run ${index + 1}: ${run.length} commands`, async () => {
        assert.ok(run.length >= 6)
        const issuer = story.issuer()
        const live: Data = {}
        const callers = new Map<number, Caller>()
        const answers: string[] = []
        for (const frame of run) {
          const params: Data = { ...frame.params, ...('op_host' in frame.params ? { op_host: issuer } : {}) }
          for (const name of ['oxd_id', 'code', 'state', 'access_token', 'id_token_hint']) {
            if (name in params) params[name] = live[name]
          }
          const body = JSON.stringify({ command: frame.command, params })
          const text = `${headerLike(frame, body)}${body}`
          const caller = callers.get(frame.conn) ?? new Caller(story.daemon.port)
          callers.set(frame.conn, caller)
          // oxd-php writes each of its frames twice.
          const { status, data } = await caller.write(file.startsWith('php') ? `${text}${text}` : text)
          assert.equal(status, 'ok', `${frame.command}: ${JSON.stringify(data)}`)
          assert.deepEqual(Object.keys(data), MEMBERS[frame.command], frame.command)
          answers.push(frame.command)
          Object.assign(live, data, data.id_token === undefined ? {} : { id_token_hint: data.id_token })
          if (typeof data.authorization_url === 'string') {
            const back = new URL(await story.op.authorize(data.authorization_url)).searchParams
            Object.assign(live, { code: back.get('code'), state: back.get('state') })
          }
          if (data.uri !== undefined) {
            assert.equal(new URL(String(data.uri)).searchParams.get('post_logout_redirect_uri'), HOME)
          }
        }
        assert.deepEqual(
          answers.map((name) => (name === 'update_site' ? 'update_site_registration' : name)),
          [
            'register_site',
            'update_site_registration',
            'get_authorization_url',
            'get_tokens_by_code',
            'get_user_info',
            'get_logout_uri',
          ],
        )
        assert.equal(story.op.count(issuer, 'registration'), 1, 'registered once, whatever came twice')
        assert.equal(story.op.count(issuer, 'token'), 1, 'redeemed once')
        for (const caller of callers.values()) caller.close()
      })
    }
  }
})
