// A login that a stranger starts at the public listener, as `initiate_third_party_login` starts it for the application.
import type { Context, Permit } from './command.ts'
import { initiate_third_party_login } from './commands/initiate_third_party_login.ts'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import { fetchOf, type Door } from './oidc/http.ts'
import type { Op } from './oidc/op.ts'
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

/** Where an OP wants requests pushed, strangers can keep it busy, but not so that no login gets through. */
const createFew = ({ stranger_requests_max }: Pick<Limits, 'stranger_requests_max'>) => {
  const underWay = new Map<string, number>()
  return (op: Op): Op => {
    const { issuer } = op.metadata
    const add = (count: number): void => void underWay.set(issuer, (underWay.get(issuer) ?? 0) + count)
    const request: Door['request'] = async (asked) => {
      if ((underWay.get(issuer) ?? 0) >= stranger_requests_max) throw new OxdError('too_many_strangers')
      add(1)
      try {
        return await op.door.request(asked)
      } finally {
        add(-1)
        if (underWay.get(issuer) === 0) underWay.delete(issuer)
      }
    }
    return { ...op, door: { ...op.door, request, fetchFor: fetchOf(request) } }
  }
}

export const createStartLogin = (
  context: Context,
  limits: Pick<Limits, 'stranger_requests_max'>,
): StartLogin => {
  const few = createFew(limits)
  return async (site, { iss, login_hint, target_link_uri }) => {
    const { params, run } = initiate_third_party_login
    const sent = { oxd_id: site.oxd_id, iss, login_hint, target_link_uri }
    // `readParams` has parsed them with the schema from which the parameters of `run` are inferred.
    const read = readParams(params, sent) as Parameters<typeof run>[0]
    const { authorization_url } = await run(read, {
      ...context,
      ops: { ...context.ops, at: async (where) => few(await context.ops.at(where, 'stranger')) },
      site: inTheUrl(site),
      dialect: 'native',
      permit: NO_PERMIT,
      signal: new AbortController().signal,
      fail: (code, options) => new OxdError(code, options),
      audit: () => {},
    })
    return String(authorization_url)
  }
}
