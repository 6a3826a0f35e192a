// For the tests of the site: a stand-in for the daemon that speaks its wire, and a browser without a screen.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSite } from './site.ts'
import type { StartOptions } from './site.ts'

/** A refusal of the daemon. */
export class Refusal extends Error {
  readonly code: string
  readonly details: object | undefined
  constructor(code: string, description: string, details?: object) {
    super(description)
    this.code = code
    this.details = details
  }
}

type Params = Readonly<Record<string, unknown>>
/** What the stand-in answers to a command; it may throw a Refusal. */
export type Answer = (
  params: Params,
) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>

/** Makes the next answer to a command wait: `begun` is when it was asked, `go` lets it be answered. */
export const held = (
  answers: Record<string, Answer>,
  command: string,
): { readonly begun: Promise<void>; readonly go: () => void } => {
  const answer = answers[command]
  if (answer === undefined) throw new Error(`no answer to ${command}`)
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  answers[command] = async (params) => {
    answers[command] = answer
    begun.resolve()
    await gate.promise
    return answer(params)
  }
  return { begun: begun.promise, go: gate.resolve }
}

export const OXD_ID = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'
export const CLAIMS = { sub: ['alice'], name: ['Alice Liddell'], email: ['alice@example.com'] }

export interface StandIn extends AsyncDisposable {
  readonly port: number
  /** A login ends: whoever waits for that is told. */
  readonly end: (login_id: string, why: string) => void
  /** Each command that came, in order, but for those that wait for ended logins. */
  readonly calls: { readonly command: string; readonly params: Params }[]
  /** Names of the commands that came. */
  readonly names: () => readonly string[]
  readonly answers: Record<string, Answer>
  readonly close: () => Promise<void>
}

/** A daemon that answers by heart: four digits and JSON, on a port of its own. */
export const standIn = async (): Promise<StandIn> => {
  const calls: { command: string; params: Params }[] = []
  let logins = 0
  const ended: object[] = []
  let news = Promise.withResolvers<void>()
  const nextEnded = async (told: number) => {
    while (ended.length === told) await news.promise
    return { ended_logins: ended.slice(told), cursor: String(ended.length) }
  }
  const answers: Record<string, Answer> = {
    register_site: () => ({ oxd_id: OXD_ID, op_host: 'https://op.example.com' }),
    update_site_registration: () => ({ oxd_id: OXD_ID }),
    get_authorization_url: () => {
      logins += 1
      const state = `state-${logins}-of-the-daemon`
      return {
        authorization_url: `https://op.example.com/authorize?state=${state}`,
        state,
        login_id: `login-${logins}`,
      }
    },
    get_tokens_by_callback: ({ callback_url }) => {
      const said = new URL(String(callback_url)).searchParams
      const [error, error_description] = [said.get('error'), said.get('error_description')]
      if (error !== null) {
        throw new Refusal('login_refused', 'The OP did not log the user in.', { error, error_description })
      }
      return {
        state: said.get('state'),
        access_token: 'the-access-token',
        expires_in: 3600,
        refresh_token: null,
        id_token: 'the.id.token',
        login_id: `login-${logins}`,
        id_token_claims: { sub: 'alice' },
      }
    },
    get_user_info: () => ({ claims: CLAIMS }),
    get_ended_logins: ({ cursor }) => nextEnded(Number(cursor ?? 0)),
    get_logout_uri: () => ({ uri: 'https://op.example.com/end_session?id_token_hint=the.id.token' }),
  }
  const answerTo = async (text: string): Promise<string> => {
    // Our own library wrote it, as the wire demands.
    const { command, params } = JSON.parse(text) as { command: string; params: Params }
    if (command !== 'get_ended_logins') calls.push({ command, params })
    let reply: unknown
    try {
      const answer = answers[command]
      if (answer === undefined) throw new Refusal('unsupported_operation', command)
      reply = { status: 'ok', data: await answer(params) }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      reply = {
        status: 'error',
        data: { error: error.code, error_description: error.message, details: error.details },
      }
    }
    const body = JSON.stringify(reply)
    return String(body.length).padStart(4, '0') + body
  }

  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let waiting = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      waiting += chunk
      for (;;) {
        const digits = /^\d+/.exec(waiting)?.[0]
        if (digits === undefined || waiting.length < digits.length + Number(digits)) return
        const end = digits.length + Number(digits)
        const frame = Buffer.from(waiting.slice(digits.length, end), 'latin1').toString()
        waiting = waiting.slice(end)
        // The library has one command in flight on a connection, so no reply overtakes another.
        void answerTo(frame).then((reply) => socket.write(reply))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return {
    // It listens on TCP, so its address has a port.
    port: (server.address() as AddressInfo).port,
    end(login_id, why) {
      ended.push({ login_id, sub: 'alice', sid: null, why, ended_at: 1 })
      news.resolve()
      news = Promise.withResolvers()
    },
    calls,
    names: () => calls.map(({ command }) => command),
    answers,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A page that is not there by then never comes. */
const ANSWER_MS_MAX = 10_000

export interface Page {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The `Location` of a redirect; '' without one. */
  readonly location: string
}

/** A browser without a screen: one cookie jar, no redirects followed, cookies kept as a browser would. */
export class Browser {
  readonly #port: number
  readonly #ca: string
  readonly #host: string
  readonly cookies = new Map<string, string>()
  /** The last `Set-Cookie` line. */
  set_cookie = ''

  constructor(url: string, ca: string) {
    this.#port = Number(new URL(url).port)
    this.#host = new URL(url).hostname
    this.#ca = ca
  }

  /** GET, or POST if there is a form. */
  open(path: string, form?: Readonly<Record<string, string>>): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return new Promise((resolve, reject) => {
      const sent = httpsRequest(
        {
          host: '127.0.0.1',
          port: this.#port,
          servername: this.#host,
          ca: this.#ca,
          agent: false,
          signal: AbortSignal.timeout(ANSWER_MS_MAX),
          path,
          method: form === undefined ? 'GET' : 'POST',
          headers: {
            host: `${this.#host}:${this.#port}`,
            ...(cookie !== '' && { cookie }),
            ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
          },
        },
        (answer) => {
          const parts: Buffer[] = []
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.on('error', reject)
          answer.on('end', () => {
            for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line)
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              text: Buffer.concat(parts).toString(),
              location: answer.headers.location ?? '',
            })
          })
        },
      )
      sent.on('error', reject)
      sent.end(form === undefined ? undefined : new URLSearchParams(form).toString())
    })
  }

  #keep(line: string): void {
    this.set_cookie = line
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/expires=Thu, 01 Jan 1970/i.test(line)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }

  /** Begins a login, as if by the button. */
  async beginLogin(): Promise<string> {
    const { location } = await this.open('/login')
    return new URL(location).searchParams.get('state') ?? ''
  }

  /** A whole login, the OP's part left out. */
  async logIn(): Promise<Page> {
    const state = await this.beginLogin()
    return this.open(`/callback?code=a-code&state=${state}`)
  }

  /** The token that stands in the forms of a page. */
  async csrf(path = '/logout'): Promise<string> {
    return /name="csrf" value="([^"]+)"/.exec((await this.open(path)).text)?.[1] ?? ''
  }
}

export interface TestSite extends AsyncDisposable {
  readonly url: string
  readonly cfg_path: string
  /** What the site said to the person who runs it. */
  readonly said: string[]
  readonly browser: () => Browser
}

/** The whole site on a free port, with a configuration of its own, in front of a daemon on the given port. */
export const testSite = async (oxd_port: number, options: StartOptions = {}): Promise<TestSite> => {
  const folder = mkdtempSync(join(tmpdir(), 'demosite-'))
  const cfg_path = join(folder, 'demosite.cfg')
  const said: string[] = []
  const site = await startSite({
    cfg_path,
    folder,
    port: 0,
    oxd_port,
    say: (line) => said.push(line),
    ...options,
  })
  const ca = readFileSync(join(folder, `${new URL(site.url).hostname}.crt`), 'utf8')
  return {
    url: site.url,
    cfg_path,
    said,
    browser: () => new Browser(site.url, ca),
    [Symbol.asyncDispose]: async () => {
      await site.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
