// A login that a stranger starts at the public listener, as `initiate_third_party_login` starts it for the application.
import type { Context, Permit } from './command.ts'
import { initiate_third_party_login } from './commands/initiate_third_party_login.ts'
import { OxdError } from './error.ts'
import { readParams } from './params.ts'
import type { Site } from './site.ts'

/** Says where the browser of the user goes. @throws OxdError as the command does */
export type StartLogin = (site: Site, sent: Readonly<Record<string, string>>) => Promise<string>

/** The site was named by its public id, which gives nothing but this. */
const NO_PERMIT: Permit = {
  owns: () => false,
  setup: async () => undefined,
  adopt: async () => {},
  anywhere: false,
}

/** So that nothing is kept for it, here or at the OP, unless site or OP insist: the request goes in the URL. */
const inTheUrl = (site: Site): Site => ({
  ...site,
  settings: {
    ...site.settings,
    require_pushed_authorization_requests: site.settings.require_pushed_authorization_requests ?? false,
    request_objects_by_reference: false,
  },
})

export const createStartLogin =
  (context: Context): StartLogin =>
  async (site, { iss, login_hint, target_link_uri }) => {
    const { params, run } = initiate_third_party_login
    const sent = { oxd_id: site.oxd_id, iss, login_hint, target_link_uri }
    // `readParams` has parsed them with the schema from which the parameters of `run` are inferred.
    const read = readParams(params, sent) as Parameters<typeof run>[0]
    const { authorization_url } = await run(read, {
      ...context,
      ops: { ...context.ops, at: (where) => context.ops.at(where, 'stranger') },
      site: inTheUrl(site),
      dialect: 'native',
      permit: NO_PERMIT,
      signal: new AbortController().signal,
      fail: (code, options) => new OxdError(code, options),
      audit: () => {},
    })
    return String(authorization_url)
  }
