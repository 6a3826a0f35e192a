// The story that most tests tell: a daemon, an OP that may lie, a registered site, and a login as far as it gets.
import assert from 'node:assert/strict'
import {
  startTestDaemon,
  type Data,
  type Envelope,
  type TestDaemon,
  type TestDaemonOptions,
} from './daemon.ts'
import { startLyingOp, type Callback, type Faults, type LyingOp, type LyingOpOptions } from './op.ts'

export const REDIRECT = 'https://client.example.com/callback'
export const HOME = 'https://client.example.com/'

/** One site at one issuer of the lying OP. */
export interface Site {
  readonly issuer: string
  readonly oxd_id: string
  /** A command for this site. */
  readonly call: (command: string, params?: Data, more?: Data) => Promise<Envelope>
  /** The same, which must succeed. */
  readonly ok: (command: string, params?: Data, more?: Data) => Promise<Data>
  /** A user goes to the OP and comes back: `code`, `state` and `iss`. */
  readonly visit: (params?: Data, sub?: string) => Promise<{ code: string; state: string; iss: string }>
  /** The same in whatever flow: what is handed to `get_tokens_by_callback`. */
  readonly respond: (params?: Data, sub?: string) => Promise<Callback>
  /** A visit whose code is redeemed. */
  readonly login: (sub?: string) => Promise<Envelope>
}

export interface Story {
  readonly daemon: TestDaemon
  readonly op: LyingOp
  /** A fresh issuer with these faults. */
  readonly issuer: (faults?: Faults) => string
  /** Registers a site at an issuer; must succeed. */
  readonly site: (faults?: Faults, params?: Data) => Promise<Site>
  readonly register: (issuer: string, params?: Data) => Promise<Envelope>
  readonly close: () => Promise<void>
}

/** What can be done with a site that is registered at an issuer of this OP. */
export const siteAt = (
  daemon: Pick<TestDaemon, 'call'>,
  op: LyingOp,
  issuer: string,
  oxd_id: string,
): Site => {
  const call: Site['call'] = (command, params = {}, more) => daemon.call(command, { oxd_id, ...params }, more)
  const ok: Site['ok'] = async (command, params, more) => {
    const { status, data } = await call(command, params, more)
    assert.equal(status, 'ok', JSON.stringify(data))
    return data
  }
  const visit: Site['visit'] = async (params, sub = 'alice') => {
    const { authorization_url } = await ok('get_authorization_url', params)
    const back = new URL(await op.authorize(String(authorization_url), { sub })).searchParams
    return {
      code: String(back.get('code')),
      state: String(back.get('state')),
      iss: String(back.get('iss')),
    }
  }
  const respond: Site['respond'] = async (params, sub = 'alice') =>
    op.respond(String((await ok('get_authorization_url', params)).authorization_url), { sub })
  const login: Site['login'] = async (sub) => call('get_tokens_by_code', await visit({}, sub))
  return { issuer, oxd_id, call, ok, visit, respond, login }
}

export interface StoryOptions extends TestDaemonOptions {
  /** The OP speaks https, with this certificate for 127.0.0.1; whoever asks for it makes the daemon trust it. */
  readonly tls?: LyingOpOptions['tls']
}

export const startStory = async ({ tls, ...options }: StoryOptions = {}): Promise<Story> => {
  const { now } = options
  const daemons: TestDaemon[] = []
  const op = await startLyingOp({
    ...(now === undefined ? {} : { now }),
    ...(tls === undefined ? {} : { tls }),
    // What oxd keeps for OPs is at its public listener, where the tests have one.
    ...(options.public === undefined
      ? {}
      : { fetch: async (url) => daemons[0]?.stranger(url) ?? assert.fail('the daemon does not run yet') }),
  })
  const daemon = await startTestDaemon({
    ...options,
    argv: ['--trust-op', op.origin, ...(options.argv ?? [])],
  })
  daemons.push(daemon)
  let issuers = 0
  const issuer = (faults?: Faults): string => op.issuer(`i${++issuers}`, faults)
  const register = (op_host: string, params: Data = {}): Promise<Envelope> =>
    daemon.call('register_site', {
      op_host,
      authorization_redirect_uri: REDIRECT,
      post_logout_redirect_uri: HOME,
      ...params,
    })

  return {
    daemon,
    op,
    issuer,
    register,
    async site(faults, params) {
      const at = issuer()
      const { status, data } = await register(at, params)
      assert.equal(status, 'ok', JSON.stringify(data))
      if (faults !== undefined) op.setFaults(at, faults)
      return siteAt(daemon, op, at, String(data.oxd_id))
    },
    async close() {
      await daemon.close()
      await op.close()
    },
  }
}
