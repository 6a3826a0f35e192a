// Walks through the pages of the dev OP as a browser without script would, so that tests log in without one.
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'

export interface Page {
  readonly url: URL
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** Where the answer redirects to, if it does. */
  readonly location: URL | undefined
}

/** Hops between two pages; a login takes five. */
const HOPS_MAX = 20
/** One answer of the OP. */
const ANSWER_MS = 10_000

/** Node does not resolve `*.localhost`; browsers take it for the loopback. */
const loopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

/** A cookie jar with just enough of a browser around it. It speaks to loopback alone. */
export class Visitor {
  readonly #cookies = new Map<string, { path: string; pair: string }>()
  readonly #ca: string | undefined

  /** `ca`: PEM of the CA that signed the certificate of the OP, for https. */
  constructor({ ca }: { readonly ca?: string | undefined } = {}) {
    this.#ca = ca
  }

  /** One request for a page; redirects are the caller's to follow. */
  fetch(url: URL, form?: URLSearchParams): Promise<Page> {
    return this.send(
      url,
      form === undefined
        ? { method: 'GET', accept: 'text/html' }
        : {
            method: 'POST',
            accept: 'text/html',
            type: 'application/x-www-form-urlencoded',
            body: form.toString(),
          },
    )
  }

  /** One request as a page's own script makes it: with the cookies of its user. */
  async send(
    url: URL,
    {
      method,
      accept,
      type,
      body,
    }: {
      readonly method: string
      readonly accept: string
      readonly type?: string
      readonly body?: string
    },
  ): Promise<Page> {
    const cookie = this.#cookiesFor(url)
    const headers = {
      accept,
      ...(cookie === '' ? {} : { cookie }),
      ...(type === undefined ? {} : { 'content-type': type }),
    }
    const page = await new Promise<Page>((resolve, reject) => {
      const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
        method,
        headers,
        lookup: loopback,
        agent: false,
        signal: AbortSignal.timeout(ANSWER_MS),
        ...(this.#ca === undefined ? {} : { ca: this.#ca }),
      })
      request.once('error', reject)
      request.once('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => {
          const { location } = response.headers
          resolve({
            url,
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
            location: location === undefined ? undefined : new URL(location, url),
          })
        })
      })
      request.end(body)
    })
    this.#keep(page)
    return page
  }

  /** Follows redirects up to a page, or up to the first redirect that leaves the origin of `url`: that is not followed. */
  async visit(url: URL, form?: URLSearchParams): Promise<Page> {
    let page = await this.fetch(url, form)
    for (let hops = 0; hops < HOPS_MAX; hops++) {
      if (page.location === undefined || page.location.origin !== url.origin) return page
      page = await this.fetch(page.location)
    }
    throw new Error(`more than ${HOPS_MAX} redirects from ${url.origin}${url.pathname}`)
  }

  #cookiesFor(url: URL): string {
    const prefix = `${url.host} `
    return [...this.#cookies]
      .filter(([key, { path }]) => key.startsWith(prefix) && url.pathname.startsWith(path))
      .map(([, { pair }]) => pair)
      .join('; ')
  }

  #keep({ url, headers }: Page): void {
    for (const line of [headers['set-cookie'] ?? []].flat()) {
      const [pair = '', ...attributes] = line.split('; ')
      const name = pair.slice(0, pair.indexOf('='))
      const attribute = (wanted: string) =>
        attributes.find((each) => each.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1)
      const path = attribute('path') ?? '/'
      const expires = attribute('expires')
      const key = `${url.host} ${path} ${name}`
      // A cookie is dropped by an expiry that has passed.
      if (expires !== undefined && Date.parse(expires) <= Date.now()) this.#cookies.delete(key)
      else this.#cookies.set(key, { path, pair })
    }
  }
}

export interface SignInOptions {
  /** Default: alice. */
  readonly user?: string
  /** Default: the demo user's own. */
  readonly password?: string
  /** What to answer when the OP asks for consent. Default: allow. */
  readonly consent?: 'allow' | 'deny'
  /** PEM of the CA that signed the certificate of the OP, for https. */
  readonly ca?: string | undefined
  /** The browser that signs in: keep one to have its session at the OP afterwards. Default: a fresh one. */
  readonly visitor?: Visitor
}

const PASSWORDS: Readonly<Record<string, string>> = { alice: 'wonderland', bob: 'builder' }

/**
 * Signs in at the dev OP and answers its consent page.
 * @returns the redirect to the client, with `code` and `state` or with `error`; it is not followed.
 * @throws Error when the OP shows a page from which the login cannot go on.
 */
export const signIn = async (authorization_url: string | URL, options: SignInOptions = {}): Promise<URL> => {
  const { user = 'alice', password = PASSWORDS[user] ?? '', consent = 'allow' } = options
  const visitor = options.visitor ?? new Visitor({ ca: options.ca })
  const answers = { sign_in: { user, password, decision: 'sign_in' }, consent: { decision: consent } }
  let page = await visitor.visit(new URL(authorization_url))
  let passwords = 0
  for (let pages = 0; pages < HOPS_MAX; pages++) {
    if (page.location !== undefined) return page.location
    const form = formIn(page)
    if (form === undefined) break
    const step = page.body.includes('name="password"')
      ? answers.sign_in
      : page.body.includes('value="deny"')
        ? answers.consent
        : {}
    if (step === answers.sign_in && ++passwords > 1) break
    page = await visitor.visit(form.action, new URLSearchParams({ ...form.fields, ...step }))
  }
  throw new Error(`the sign-in stopped at the page "${headingOf(page)}" (${page.status})`)
}

/**
 * Goes to the logout URL and confirms (or declines) there.
 * @returns the redirect to the client, or undefined if the OP ended on a page of its own.
 */
export const signOut = async (
  logout_url: string | URL,
  { visitor, confirm = true }: { readonly visitor: Visitor; readonly confirm?: boolean },
): Promise<URL | undefined> => {
  const page = await visitor.visit(new URL(logout_url))
  const form = formIn(page)
  if (form === undefined)
    throw new Error(`the sign-out stopped at the page "${headingOf(page)}" (${page.status})`)
  const fields = new URLSearchParams({ ...form.fields, ...(confirm ? { logout: 'yes' } : {}) })
  return (await visitor.visit(form.action, fields)).location
}

export interface GatherOptions {
  /** What to type, by the name of the claim. Default: the country NL. */
  readonly claims?: Readonly<Record<string, string>>
  /** Who signs in, where the page asks for it. Default: alice. */
  readonly user?: string
  /** Default: continue. */
  readonly decision?: 'continue' | 'cancel'
  /** PEM of the CA that signed the certificate of the OP, for https. */
  readonly ca?: string | undefined
  readonly visitor?: Visitor
}

/**
 * Fills in the claims page of the dev OP's authorization server (UMA 2.0).
 * @param url the claims interaction endpoint with client_id, ticket, claims_redirect_uri and state.
 * @returns the redirect to the client, with the next `ticket` and the `state`; it is not followed.
 * @throws Error when the OP shows a page from which it cannot go on.
 */
export const gatherClaims = async (url: string | URL, options: GatherOptions = {}): Promise<URL> => {
  const { claims = { country: 'NL' }, user = 'alice', decision = 'continue' } = options
  const visitor = options.visitor ?? new Visitor({ ca: options.ca })
  let page = await visitor.visit(new URL(url))
  const form = formIn(page)
  if (page.location === undefined && form !== undefined) {
    const typed = Object.entries(claims).map(([name, value]) => [`claim_${name}`, value])
    page = await visitor.visit(
      form.action,
      new URLSearchParams({
        ...Object.fromEntries(typed),
        user,
        password: PASSWORDS[user] ?? '',
        decision,
      }),
    )
  }
  if (page.location !== undefined) return page.location
  throw new Error(`gathering claims stopped at the page "${headingOf(page)}" (${page.status})`)
}

/** The one form of a page of the dev OP, with its hidden fields. */
const formIn = ({ url, body }: Page): { action: URL; fields: Record<string, string> } | undefined => {
  const action = /<form[^>]* action="([^"]*)"/.exec(body)?.[1]
  if (action === undefined) return undefined
  const hidden = body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)
  return {
    action: new URL(unescapeHtml(action), url),
    fields: Object.fromEntries([...hidden].map(([, name = '', value = '']) => [name, unescapeHtml(value)])),
  }
}

const unescapeHtml = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

const headingOf = ({ body }: Page) => /<h1>([^<]*)/.exec(body)?.[1] ?? 'without a heading'
