// The pages of the dev OP.
import { html, Html, pageOf } from '../page.ts'
import { ACCOUNTS, meaningOf } from './accounts.ts'

const page = pageOf('Development OP', 'for trying things out')

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
