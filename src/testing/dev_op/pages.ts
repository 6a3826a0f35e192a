// The pages of the dev OP: plain HTML from the server, one style, no script. What is put into a page is escaped.
import { createHash } from 'node:crypto'
import { ACCOUNTS, meaningOf } from './accounts.ts'

/** Text that is HTML already; only `html` makes it. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char)

type Insert = string | Html | false | readonly (string | Html)[]
const inserted = (value: Insert): string => {
  if (value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (value instanceof Html) return value.text
  return value.map(inserted).join('')
}
/** A template whose insertions are escaped, unless they are Html themselves. */
export const html = (parts: TemplateStringsArray, ...values: readonly Insert[]): Html =>
  new Html(parts.map((part, i) => part + inserted(values[i] ?? false)).join(''))

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #59636e; --paper: #f4f5f7; --card: #fff; --line: #d5d9de;
  --accent: #1f5fbf; --on-accent: #fff; --alarm: #a3211b; --alarm-paper: #fdf0ef }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #a3abb5; --paper: #14171a; --card: #1e2226; --line: #3a4148;
  --accent: #8ab4f8; --on-accent: #10233f; --alarm: #f5a9a4; --alarm-paper: #3a1f1e } }
* { box-sizing: border-box }
html { font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif; color: var(--ink); background: var(--paper) }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; padding: clamp(1.5rem, 10vh, 7rem) 1rem 2rem }
main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 2.25rem 2rem; overflow-wrap: anywhere }
header { width: 100%; max-width: 26rem; margin-bottom: 1rem; padding: 0 .25rem; color: var(--quiet); font-size: .875rem; display: flex; justify-content: space-between; gap: 1rem }
header b { color: var(--ink); font-weight: 600 }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; font-weight: 650; letter-spacing: -.01em }
p { margin: 0 0 1rem }
main > :last-child { margin-bottom: 0 }
.quiet { color: var(--quiet) }
.small { font-size: .875rem }
label { display: block; font-weight: 550; margin: 1.25rem 0 .375rem }
input { width: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: .625rem .75rem }
input + .small { margin-top: .5rem }
form { margin: 1.5rem 0 0 }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.75rem }
button { flex: 1 1 auto; white-space: nowrap; font: inherit; font-weight: 600; border-radius: 8px; padding: .6875rem 1rem; border: 1px solid var(--line); background: transparent; color: inherit; cursor: pointer }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
button:hover { border-color: var(--accent) }
button.main:hover { filter: brightness(1.08) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.alarm { color: var(--alarm); background: var(--alarm-paper); border-radius: 8px; padding: .625rem .75rem; margin: 1.25rem 0 0 }
ul { margin: 1.25rem 0; padding: 0; list-style: none; border-top: 1px solid var(--line) }
li { padding: .625rem 0; border-bottom: 1px solid var(--line) }
.demo { width: 100%; max-width: 26rem; margin-top: 1.25rem; padding: 0 .25rem; color: var(--quiet); font-size: .875rem }
.demo p { margin-bottom: .25rem }
code { font: .9375em ui-monospace, 'SF Mono', Menlo, Consolas, monospace; color: var(--ink) }
a { color: var(--accent) }
@media (max-width: 30rem) { main { padding: 1.75rem 1.25rem } body { padding-top: 1.5rem } }
`

/**
 * Content-Security-Policy of every answer. No script: `script-src` is empty, and oidc-provider adds the hash of its one
 * line when it must submit a form by itself (`response_mode=form_post`). `form-action` is left open on purpose:
 * browsers hold it against every redirect after a form, and these forms end at the client, wherever that sends its users.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  'script-src',
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join(';')

/** In one piece: the policy holds the hash of every character between the tags. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`)

const page = (title: string, body: Html, aside: Html | false = false): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Development OP</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header><b>Development OP</b><span>for trying things out</span></header>
        <main>${body}</main>
        ${aside}
      </body>
    </html> `.text

/** A client's own name for itself: not to be trusted, so it is bounded and cannot turn the text around it. */
const NAME_CHARACTERS_MAX = 80
const nameOf = (client: string): Html => {
  const characters = [...client.replace(/\s+/gu, ' ').trim()]
  const short =
    characters.length > NAME_CHARACTERS_MAX
      ? `${characters.slice(0, NAME_CHARACTERS_MAX).join('')}…`
      : characters.join('')
  return html`<bdi>${short || 'An application without a name'}</bdi>`
}

const DEMO_USERS = html`<aside class="demo" aria-label="Demo users">
  <p>Demo users, with their passwords:</p>
  ${ACCOUNTS.map(({ user, password }) => html`<p><code>${user}</code> / <code>${password}</code></p>`)}
</aside>`

export interface LoginPage {
  /** Where the form goes. */
  readonly action: string
  /** What the client calls itself, and the host that the user will be sent back to. */
  readonly client: string
  readonly clientHost: string
  readonly user?: string
  readonly error?: string
}
export const loginPage = ({ action, client, clientHost, user = '', error }: LoginPage): string =>
  page(
    'Sign in',
    html`<h1>Sign in</h1>
      <p class="quiet">to continue to ${nameOf(client)}${clientHost !== '' && html` at ${clientHost}`}</p>
      <form method="post" action="${action}">
        ${error !== undefined && html`<p class="alarm" role="alert" id="error">${error}</p>`}
        <label for="user">User name</label>
        <input
          id="user"
          name="user"
          value="${user}"
          required
          maxlength="100"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          ${user === '' && html` autofocus`}${error !== undefined && html` aria-invalid="true" aria-describedby="error"`}
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          required
          maxlength="100"
          autocomplete="current-password"
          ${user !== '' && html` autofocus`}
        />
        <div class="buttons">
          <button class="main" type="submit" name="decision" value="sign_in">Sign in</button>
          <button type="submit" name="decision" value="cancel" formnovalidate>Cancel</button>
        </div>
      </form>`,
    DEMO_USERS,
  )

export interface GatheringPage {
  readonly action: string
  readonly client: string
  readonly clientHost: string
  /** Whether to ask for user name and password. */
  readonly signIn: boolean
  readonly user?: string
  /** One text field each; sent as `claim_<name>`. */
  readonly fields: readonly {
    readonly name: string
    readonly label: string
    readonly hint: string
    readonly autocomplete: string
    readonly value: string
    /** What was typed, as a claim. */
    readonly read: (typed: string) => string | undefined
  }[]
  readonly error?: string
  /** The field that the error is about: `user`, or the name of a claim. */
  readonly wrong?: string
}
/** Asks the person who wants to open something for claims about themselves (UMA 2.0 Grant, section 3.3.2). */
export const gatheringPage = ({
  action,
  client,
  clientHost,
  signIn,
  user = '',
  fields,
  error,
  wrong,
}: GatheringPage): string => {
  const first = wrong ?? (signIn ? 'user' : fields[0]?.name)
  const marks = (name: string, hint: string) => {
    const about = [hint !== '' && `hint_${name}`, name === wrong && 'error'].filter((id) => id !== false)
    return [
      name === first ? html` autofocus` : '',
      name === wrong ? html` aria-invalid="true"` : '',
      about.length > 0 ? html` aria-describedby="${about.join(' ')}"` : '',
    ]
  }
  return page(
    'Something more is needed',
    html`<h1>Something more is needed</h1>
      <p class="quiet">
        ${nameOf(client)} at ${clientHost} asks for access to something that is protected here. Whether you
        may have it depends on who you are.
      </p>
      <form method="post" action="${action}">
        ${error !== undefined && html`<p class="alarm" role="alert" id="error">${error}</p>`}
        ${
          signIn &&
          html`<label for="user">User name</label>
            <input
              id="user"
              name="user"
              value="${user}"
              required
              maxlength="100"
              autocomplete="username"
              autocapitalize="none"
              spellcheck="false"
              ${marks('user', '')}
            />
            <label for="password">Password</label>
            <input
              id="password"
              name="password"
              type="password"
              required
              maxlength="100"
              autocomplete="current-password"
            />`
        }
        ${fields.map(
          ({ name, label, hint, autocomplete, value }) =>
            html`<label for="claim_${name}">${label}</label>
              <input
                id="claim_${name}"
                name="claim_${name}"
                value="${value}"
                required
                maxlength="100"
                autocomplete="${autocomplete}"
                spellcheck="false"
                ${marks(name, hint)}
              />${hint !== '' && html`<p class="quiet small" id="hint_${name}">${hint}</p>`}`,
        )}
        <p class="quiet small">This stays here: the application learns only whether it may go on.</p>
        <div class="buttons">
          <button class="main" type="submit" name="decision" value="continue">Continue</button>
          <button type="submit" name="decision" value="cancel" formnovalidate>Cancel</button>
        </div>
      </form>`,
    signIn && DEMO_USERS,
  )
}

export interface ConsentPage {
  readonly action: string
  readonly client: string
  readonly clientHost: string
  readonly user: string
  readonly scopes: readonly string[]
}
export const consentPage = ({ action, client, clientHost, user, scopes }: ConsentPage): string =>
  page(
    'Allow access',
    html`<h1>Allow access?</h1>
      <p>${nameOf(client)}${clientHost !== '' && html` at <strong>${clientHost}</strong>`} would like to:</p>
      <ul>
        ${scopes.map((scope) => html`<li>${meaningOf(scope)}</li>`)}
      </ul>
      <p class="quiet small">You are signed in as <strong>${user}</strong>.</p>
      <form method="post" action="${action}">
        <div class="buttons">
          <button class="main" type="submit" name="decision" value="allow">Allow</button>
          <button type="submit" name="decision" value="deny">Deny</button>
        </div>
      </form>`,
  )

/** `form` is oidc-provider's own, with its token against forged requests and the id that the buttons name. */
export const logoutPage = ({
  form,
  client,
}: {
  readonly form: string
  readonly client: string | undefined
}): string =>
  page(
    'Sign out',
    html`<h1>Sign out?</h1>
      <p class="quiet">
        ${client === undefined ? 'You were sent here to sign out.' : html`${nameOf(client)} sent you here to sign out.`}
        Signing out ends your session at this OP for all applications.
      </p>
      ${new Html(form)}
      <div class="buttons">
        <button class="main" type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>
        <button type="submit" form="op.logoutForm">Stay signed in</button>
      </div>`,
  )

/** `stayed`: the user declined, and only the access of the client that asked has ended. */
export const signedOutPage = ({
  stayed,
  client,
}: {
  readonly stayed: boolean
  readonly client: string | undefined
}): string =>
  stayed
    ? page(
        'Still signed in',
        html`<h1>Still signed in</h1>
          <p class="quiet">
            Your session at this OP goes on.
            ${client !== undefined && html`${nameOf(client)} must ask you anew for access.`}
          </p>`,
      )
    : page(
        'Signed out',
        html`<h1>You are signed out</h1>
          <p class="quiet">Your session at this OP has ended. You may close this page.</p>`,
      )

export const errorPage = (what: {
  readonly heading: string
  readonly error: string
  readonly description?: string | undefined
}): string =>
  page(
    what.heading,
    html`<h1>${what.heading}</h1>
      <p>${what.description ?? 'The request cannot be carried out.'}</p>
      <p>Go back to the site and start again.</p>
      <p class="quiet small">Error: <code>${what.error}</code></p>`,
  )

export const homePage = (issuer: string): string =>
  page(
    'Welcome',
    html`<h1>This OP is up</h1>
      <p class="quiet">
        An OpenID Provider on your own machine. Applications register here by themselves, and send their users
        here to sign in.
      </p>
      <ul>
        <li>Issuer<br /><code>${issuer}</code></li>
        <li><a href="/.well-known/openid-configuration">Discovery document</a></li>
        <li><a href="/.well-known/uma2-configuration">Discovery document of UMA 2.0</a></li>
      </ul>`,
    DEMO_USERS,
  )
