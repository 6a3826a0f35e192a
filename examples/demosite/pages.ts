// The pages of the sample site. Functions from what is to be shown to HTML; they decide nothing.
import { highlight } from './highlight.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import type { Message } from './messages.ts'

/** The user of this session, as far as pages show it. */
export interface ShownLogin {
  readonly name: string
  readonly claims: Readonly<Record<string, readonly string[]>>
  /** Milliseconds since the epoch, or undefined if the OP did not say. */
  readonly expires_at: number | undefined
  readonly has_refresh_token: boolean
}

interface LayoutParts {
  readonly title: string
  readonly login: ShownLogin | undefined
  readonly main: HtmlValue
}

export const layout = ({ title, login, main }: LayoutParts): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <div class="wide">
            <a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28" />oxd sample site</a>
            <p class="who">
              ${
                login === undefined
                  ? html`<a href="/login">Log in</a>`
                  : html`<span class="user">${login.name}</span> <a href="/logout">Log out</a>`
              }
            </p>
          </div>
        </header>
        <main id="main" tabindex="-1">${main}</main>
        <footer class="bottom">
          <div class="wide">
            <p>
              A sample: its sessions live in the memory of one process and end with it. A real site keeps them
              in a store of its own.
            </p>
          </div>
        </footer>
      </body>
    </html> `.toString()

export const codeBlock = (what: string, code: string): Html =>
  // It can be scrolled sideways, so it must be reachable by keyboard and have a name.
  html`<pre
    class="code"
    tabindex="0"
    role="region"
    aria-label="${what}"
  ><code>${highlight(code)}</code></pre>`

interface Step {
  readonly number: number
  readonly id: string
  readonly title: string
  readonly done: boolean
  readonly text: HtmlValue
  readonly code: HtmlValue
}

export const step = ({ number, id, title, done, text, code }: Step): Html =>
  html`<section class="step ${done ? 'done' : 'open'}" id="${id}" aria-labelledby="${id}-title">
    <div class="say">
      <h2 id="${id}-title">
        <span class="number">${number}</span>${title}${done && html` <span class="tick">done</span>`}
      </h2>
      ${text}
    </div>
    <div class="show">${code}</div>
  </section>`

/** Who talks to whom during a login. The numbers are those of the list beside it. */
const PICTURE = html`<svg
  class="flow"
  viewBox="0 0 640 420"
  role="img"
  aria-labelledby="flow-title flow-text"
>
  <title id="flow-title">The way of a login</title>
  <desc id="flow-text">
    The browser visits the site; the site asks oxd for an address at the OpenID Provider; the browser signs in
    there and comes back to the site with a code; the site hands the code to oxd, which exchanges it at the
    provider, checks everything and tells the site who the user is.
  </desc>
  <rect class="machine" x="8" y="262" width="624" height="150" rx="16" />
  <text class="label" x="320" y="400">your machine</text>
  <path class="line" d="M200 76H440M440 76l-12-7v14zM200 76l12-7v14z" />
  <path class="line" d="M110 124V276M110 276l-7-12h14zM110 124l-7 12h14z" />
  <path class="line" d="M200 324H440M440 324l-12-7v14zM200 324l12-7v14z" />
  <path class="line" d="M530 276V124M530 124l-7 12h14zM530 276l-7-12h14z" />
  <rect class="box" x="20" y="28" width="180" height="96" rx="14" />
  <rect class="box" x="440" y="28" width="180" height="96" rx="14" />
  <rect class="box" x="20" y="276" width="180" height="96" rx="14" />
  <rect class="box accent" x="440" y="276" width="180" height="96" rx="14" />
  <text class="name" x="110" y="84">Browser</text>
  <text class="name" x="530" y="74">OpenID</text>
  <text class="name" x="530" y="100">Provider</text>
  <text class="name" x="110" y="332">This site</text>
  <text class="name on" x="530" y="332">oxd</text>
  <text class="label" x="320" y="60">2 signs in</text>
  <text class="label left" x="128" y="194">1 log in</text>
  <text class="label left" x="128" y="220">3 code</text>
  <text class="label" x="320" y="308">six commands</text>
  <text class="label right" x="512" y="206">4 checks</text>
</svg>`

const claimValue = (values: readonly string[]): HtmlValue =>
  values.length === 1
    ? values[0]
    : html`<ul>
        ${values.map((value) => html`<li>${value}</li>`)}
      </ul>`

/** A table of names and values; several values of one claim become a list. */
export const claimsTable = (claims: ShownLogin['claims']): Html =>
  html`<table class="pairs">
    <caption>
      What the OpenID Provider says about you
    </caption>
    <thead>
      <tr>
        <th scope="col">Claim</th>
        <th scope="col">Value</th>
      </tr>
    </thead>
    <tbody>
      ${Object.entries(claims).map(
        ([name, values]) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td>${claimValue(values)}</td>
          </tr> `,
      )}
    </tbody>
  </table>`

/** The form of step 4. */
export interface UpdateForm {
  readonly contacts: string
  readonly post_logout_redirect_uri: string
  /** What is wrong with what was sent, by the name of the field. */
  readonly problems: Readonly<Partial<Record<'contacts' | 'post_logout_redirect_uri', string>>>
  /** It has just been carried out. */
  readonly done: boolean
}

export interface HomeModel {
  readonly login: ShownLogin | undefined
  /** Proves that a form was made for this session; undefined without a login, when there is no form. */
  readonly csrf: string | undefined
  /** The site's own configuration, secrets already masked. */
  readonly settings: readonly string[]
  readonly oxd_id: string | undefined
  /** Why there is no oxd_id. */
  readonly problem: Message | undefined
  readonly update: UpdateForm
  /** The source of each step. */
  readonly code: Readonly<Record<'client' | 'register' | 'login' | 'callback' | 'update' | 'logout', string>>
}

const field = (form: UpdateForm, name: keyof UpdateForm['problems'], label: string, hint: string): Html => {
  const problem = form.problems[name]
  return html`<p class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      value="${form[name]}"
      maxlength="500"
      autocomplete="off"
      spellcheck="false"
      aria-describedby="${name}-hint"
      ${problem !== undefined && html` aria-invalid="true"`}
    />
    <span class="${problem === undefined ? 'hint' : 'problem'}" id="${name}-hint">${problem ?? hint}</span>
  </p>`
}

const updateForm = ({ update, csrf }: HomeModel): Html =>
  csrf === undefined
    ? html`<p class="hint">
        The form appears when you are logged in. (In a real site this belongs to its administrators alone.)
      </p>`
    : html`<form method="post" action="/update#update">
          <input type="hidden" name="csrf" value="${csrf}" />
          ${field(update, 'contacts', 'Contacts', 'E-mail addresses, separated by commas.')}
          ${field(update, 'post_logout_redirect_uri', 'Post-logout URI', 'An address of this site.')}
          <button class="button">Update the registration</button>
        </form>
        ${update.done && html`<p class="good" role="status">The OpenID Provider has the new registration: <code>status = ok</code></p>`}`

/** "2026-11-23 21:45:10 UTC": the same for every reader, without script. */
const inWords = (time_ms: number): string =>
  `${new Date(time_ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`

const userPart = ({ login }: HomeModel): Html =>
  login === undefined
    ? html`<p class="hint">Log in, and your claims stand here.</p>`
    : html`${claimsTable(login.claims)}
        <ul class="facts">
          <li>
            There is an <strong>access token</strong>,
            ${
              login.expires_at === undefined
                ? 'for a time that the provider does not tell'
                : html`valid until
                    <time datetime="${new Date(login.expires_at).toISOString()}"
                      >${inWords(login.expires_at)}</time
                    >`
            }.
            It has done its work and was not kept.
          </li>
          <li>There is ${login.has_refresh_token ? 'a' : 'no'} <strong>refresh token</strong>.</li>
          <li>
            The <strong>ID Token</strong> is kept in the session on the server, for the logout. No token is
            ever in a page.
          </li>
        </ul>`

const registerPart = ({ oxd_id, problem }: HomeModel): Html =>
  oxd_id !== undefined
    ? html`<p class="id"><span>oxd_id</span> <code>${oxd_id}</code></p>`
    : html`<div class="warn" role="alert">
        <p><strong>${problem?.title}.</strong> ${problem?.text}</p>
        <p>${problem?.cure}</p>
        <p><a class="button" href="/">Try again</a></p>
      </div>`

/** The one long page: what happens, step by step, with the code beside each button. */
export const homePage = (model: HomeModel): string => {
  const { login, oxd_id, code } = model
  return layout({
    title: 'oxd sample site',
    login,
    main: html`<div class="wide">
      <section class="intro">
        <div>
          <h1>${login === undefined ? 'A login, step by step' : html`Hello, ${login.name}`}</h1>
          ${
            login === undefined
              ? html`<p class="lead">
                  This site knows nothing of OpenID Connect. It asks <strong>oxd</strong>, a small daemon
                  beside it, with six simple commands, and oxd does the rest.
                </p>`
              : html`<p class="lead" role="status">
                  You are logged in. <a href="#claims">See what this site has learnt about you.</a>
                </p>`
          }
          <ol class="way">
            <li>
              You click <em>Log in</em>. The site gets an address from oxd and sends your browser there.
            </li>
            <li>You sign in at your OpenID Provider (OP). The site never sees your password.</li>
            <li>Your browser comes back to the site with a code.</li>
            <li>oxd exchanges the code, checks every signature and claim, and tells the site who you are.</li>
          </ol>
          ${login === undefined && html`<p><a class="button big" href="/login">Log in</a></p>`}
        </div>
        ${PICTURE}
      </section>

      ${step({
        number: 0,
        id: 'configuration',
        title: 'Configure',
        done: true,
        text: html`<p>
            One small file says where oxd listens, which OpenID Provider to use and where the browser comes
            back to. Everything else has a default.
          </p>
          <p>You see the file that this site is using, without its comments. Secrets are never shown.</p>
          ${codeBlock('The code that opens the configuration', code.client)}`,
        code: html`<pre
          class="code plain"
          tabindex="0"
          role="region"
          aria-label="The configuration in use"
        ><code>${model.settings.join('\n')}</code></pre>`,
      })}
      ${step({
        number: 1,
        id: 'register',
        title: 'Register the site',
        done: oxd_id !== undefined,
        text: html`<p>
            Once, and by itself: oxd registers the site at the OP and gives it a name, the
            <code>oxd_id</code>, which is written into the configuration. Asked again, the site already has
            it.
          </p>
          ${registerPart(model)}`,
        code: codeBlock('The code that registers the site', code.register),
      })}
      ${step({
        number: 2,
        id: 'login',
        title: 'Log in',
        done: login !== undefined,
        text: html`<p>
            oxd makes the address at the OP, with a fresh <code>state</code> for this one login. The site puts
            the state into the session of your browser, so that nobody can end a login in your browser that
            you did not begin.
          </p>
          <p>
            <a class="button" href="/login">${login === undefined ? 'Log in' : 'Log in again'}</a>
          </p>`,
        code: codeBlock('The code of the login', code.login),
      })}
      ${step({
        number: 3,
        id: 'claims',
        title: 'Get tokens and claims',
        done: login !== undefined,
        text: html`<p>
            The browser is back with a code. If its state is one of this session, oxd turns the code into
            tokens, validates the ID Token and asks the OP for the claims. Each claim is a list, since some
            have several values.
          </p>
          ${userPart(model)}`,
        code: codeBlock('The code of the callback', code.callback),
      })}
      ${step({
        number: 4,
        id: 'update',
        title: 'Update the registration',
        done: model.update.done,
        text: html`<p>
            A registration can be changed: the people to contact, the address after a logout, and every other
            field of the configuration.
          </p>
          ${updateForm(model)}`,
        code: codeBlock('The code of the update', code.update),
      })}
      ${step({
        number: 5,
        id: 'logout',
        title: 'Log out',
        done: false,
        text: html`<p>
            The session here ends first, whatever happens then. oxd makes the address at which the OP ends its
            own session; the OP sends the browser back to the post-logout URI.
          </p>
          ${
            login === undefined
              ? html`<p class="hint">You are not logged in.</p>`
              : html`<p><a class="button" href="/logout">Log out</a></p>`
          }`,
        code: codeBlock('The code of the logout', code.logout),
      })}
      <section class="step" aria-labelledby="uma-title">
        <div class="say">
          <h2 id="uma-title">And beyond the login</h2>
          <p>
            oxd also speaks UMA 2.0, with which people share what is theirs with others. See an album that is
            protected, and each step of the way to it.
          </p>
          <p><a class="button quiet" href="/uma">The protected album</a></p>
        </div>
      </section>
    </div>`,
  })
}

/** Asks before the logout; the answer is a form of its own session. */
export const confirmLogoutPage = (login: ShownLogin, csrf: string): string =>
  layout({
    title: 'Log out?',
    login,
    main: html`<div class="card">
      <h1>Log out?</h1>
      <p>
        You are logged in as <strong>${login.name}</strong>. Your session ends on this site and, if you agree
        there, at your OpenID Provider.
      </p>
      <form method="post" action="/logout" class="choices">
        <input type="hidden" name="csrf" value="${csrf}" />
        <button class="button">Yes, log out</button>
        <a class="button quiet" href="/">No, stay</a>
      </form>
    </div>`,
  })

/** Somebody else began the login: it may be anybody's. */
export const goOnPage = (name: string, csrf: string): string =>
  layout({
    title: 'Go on?',
    login: undefined,
    main: html`<div class="card">
      <h1>Go on as ${name}?</h1>
      <p>
        Another site sent you here, and your OpenID Provider says that you are <strong>${name}</strong>. If
        that is not you, somebody may want you to use this site with an account of theirs: say no.
      </p>
      <form method="post" action="/go-on" class="choices">
        <input type="hidden" name="csrf" value="${csrf}" />
        <button class="button" name="answer" value="yes">Yes, go on</button>
        <button class="button quiet" name="answer" value="no">No, that is not me</button>
      </form>
    </div>`,
  })

/** Where the OP sends the browser after the logout. It says what is true of this site, whoever opens it. */
export const signedOutPage = (login: ShownLogin | undefined): string =>
  layout({
    title: login === undefined ? 'Logged out' : 'Still logged in',
    login,
    main:
      login === undefined
        ? html`<div class="card">
            <h1>You are logged out</h1>
            <p>This site has forgotten your login and everything it knew about you.</p>
            <p class="choices">
              <a class="button" href="/login">Log in again</a> <a class="button quiet" href="/">Start page</a>
            </p>
          </div>`
        : html`<div class="card">
            <h1>You are still logged in</h1>
            <p>This is the page that follows a logout, but your session on this site has not ended.</p>
            <p class="choices">
              <a class="button" href="/logout">Log out</a> <a class="button quiet" href="/">Start page</a>
            </p>
          </div>`,
  })

export interface MessageParts {
  readonly message: Message
  readonly login: ShownLogin | undefined
  /** True when the session of this site has just ended, although the rest failed. */
  readonly signed_out?: boolean | undefined
  /** The daemon's reference of the error. */
  readonly reference?: string | undefined
  /** What the daemon or the OP said, for the people who run the site. */
  readonly details?: string | undefined
}

/** Sends the answer of the OP once more, by a script, or by hand. */
export const relayPage = (action: string, part: 'form' | 'fragment', value: string): string =>
  layout({
    title: 'Coming back',
    login: undefined,
    main: html`<div class="card">
      <h1>Coming back</h1>
      <form method="post" action="${action}">
        <input type="hidden" name="${part}" value="${value}" />
        ${
          part === 'form'
            ? html`<p>Your OpenID Provider has answered. One more step ends your login.</p>
                <p class="choices"><button class="button">Continue</button></p>`
            : html`<p>
                  Your OpenID Provider has answered in a part of the address that only a script of this page
                  can read.
                </p>
                <p>If nothing happens, allow scripts for this site, and load this page again.</p>`
        }
      </form>
      <script src="/callback.js"></script>
    </div>`,
  })

/** Says what went wrong and what to do. */
export const messagePage = ({ message, login, signed_out, reference, details }: MessageParts): string =>
  layout({
    title: message.title,
    login,
    main: html`<div class="card">
      <h1>${message.title}</h1>
      ${signed_out === true && html`<p class="good">Your session on this site has ended: <strong>you are logged out here.</strong></p>`}
      <p>${message.text}</p>
      <p>${message.cure}</p>
      <p class="choices">
        ${
          login === undefined && message.status !== 404 && html`<a class="button" href="/login">Log in</a> `
        }<a class="button${login === undefined && ' quiet'}" href="/">Start page</a>
      </p>
      ${reference !== undefined && html`<p class="reference">Reference: <code>${reference}</code></p>`}
      ${
        details !== undefined &&
        html`<details>
          <summary>Details for the people who run this site</summary>
          <p class="details">${details}</p>
        </details>`
      }
    </div>`,
  })
