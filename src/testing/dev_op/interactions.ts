// Login and consent at the dev OP: oidc-provider sends the browser here, and takes it back with the result.
import { errors, type Context, type Interaction, type Provider } from 'oidc-provider'
import { accountOf } from './accounts.ts'
import { bodyOf } from './body.ts'
import { consentPage, errorPage, loginPage } from './pages.ts'

/** What a step tells oidc-provider, or the page to show (again). */
type Outcome = { readonly result: Readonly<Record<string, unknown>> } | { readonly page: string }
interface Step {
  readonly page: (at: Place) => string
  readonly submit: (at: Place, form: URLSearchParams) => Outcome | Promise<Outcome>
}
interface Place {
  readonly provider: Provider
  readonly interaction: Interaction
  readonly action: string
  readonly client: string
  readonly clientHost: string
}

const DENIED = {
  result: { error: 'access_denied', error_description: 'The user denied the request.' },
} as const

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const list = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

/** One step per prompt of oidc-provider. */
const STEPS: Readonly<Record<string, Step>> = {
  login: {
    page: (at) => loginPage({ ...at, user: text(at.interaction.params.login_hint).slice(0, 100) }),
    submit: (at, form) => {
      if (form.get('decision') === 'cancel') return DENIED
      const user = form.get('user') ?? ''
      const account = accountOf(user)
      // The passwords are on the page: there is nothing that a comparison in constant time could keep.
      if (account === undefined || account.password !== form.get('password')) {
        return { page: loginPage({ ...at, user, error: 'User name or password is wrong.' }) }
      }
      return { result: { login: { accountId: user } } }
    },
  },
  consent: {
    page: (at) => {
      const { scopes, claims } = asked(at.interaction)
      const user = at.interaction.session?.accountId ?? ''
      return consentPage({ ...at, user, scopes: [...scopes, ...claims] })
    },
    submit: async ({ provider, interaction }, form) => {
      const accountId = interaction.session?.accountId
      const clientId = text(interaction.params.client_id)
      if (form.get('decision') !== 'allow' || accountId === undefined) return DENIED
      const known =
        interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId)
      const grant = known ?? new provider.Grant({ accountId, clientId })
      const { scopes, claims } = asked(interaction)
      if (scopes.length > 0) grant.addOIDCScope(scopes.join(' '))
      if (claims.length > 0) grant.addOIDCClaims(claims)
      return { result: { consent: { grantId: await grant.save() } } }
    },
  },
}

const asked = ({ prompt }: Interaction) => ({
  scopes: list(prompt.details.missingOIDCScope),
  claims: list(prompt.details.missingOIDCClaims),
})

/** Answers `/interaction/<uid>`: GET shows the step, POST takes it. */
export const interactions =
  (provider: Provider) =>
  async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    ctx.set('cache-control', 'no-store')
    try {
      // Found by a cookie whose path is this page's, so that nobody takes a step for another browser.
      const interaction = await provider.interactionDetails(ctx.req, ctx.res)
      const step = STEPS[interaction.prompt.name]
      if (ctx.path !== `/interaction/${interaction.uid}` || step === undefined)
        throw new errors.SessionNotFound('')
      const at = await placeOf(provider, interaction, ctx.path)
      const outcome: Outcome =
        ctx.method === 'POST' ? await step.submit(at, await formIn(ctx)) : { page: step.page(at) }
      if ('page' in outcome) {
        ctx.type = 'html'
        ctx.body = outcome.page
        return
      }
      // A login begins afresh; a consent keeps the login that went before it.
      const mergeWithLastSubmission = 'consent' in outcome.result
      const onward = await provider.interactionResult(ctx.req, ctx.res, outcome.result, {
        mergeWithLastSubmission,
      })
      ctx.redirect(onward)
      ctx.status = 303
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error
      ctx.status = 400
      ctx.type = 'html'
      ctx.body = errorPage({
        heading: 'This sign-in is over',
        error: 'invalid_request',
        description: 'It was finished before, took more than an hour, or was begun in another browser.',
      })
    }
  }

const placeOf = async (provider: Provider, interaction: Interaction, action: string): Promise<Place> => {
  const { client_id, redirect_uri } = interaction.params
  const client = await provider.Client.find(text(client_id))
  return {
    provider,
    interaction,
    action,
    client: client?.clientName ?? '',
    // Private-use schemes of native applications have no host.
    clientHost: URL.canParse(text(redirect_uri)) ? new URL(text(redirect_uri)).host : '',
  }
}

const formIn = async ({ req }: Context): Promise<URLSearchParams> => {
  const body = await bodyOf(req)
  if (body === undefined) throw new errors.SessionNotFound('')
  return new URLSearchParams(body)
}
