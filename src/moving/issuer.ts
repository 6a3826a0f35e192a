// Asks an OP how it writes its issuer. Old oxds removed a last slash, but in an issuer it counts.
// @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation
import { OxdError } from '../error.ts'
import { discover } from '../oidc/discovery.ts'
import type { Whereabouts } from '../oidc/discovery.ts'
import type { Door } from '../oidc/http.ts'
import type { SaidIssuer } from './import.ts'

/** The other way to write an issuer. */
const otherSlash = (issuer: string): string => (issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`)

/** The metadata of the OP whose issuer is `issuer`, with or without the last slash; undefined if there is none. */
export const askIssuer =
  (door: Door) =>
  async ({ issuer, discovery_url }: Whereabouts): Promise<SaidIssuer | undefined> => {
    for (const written of [issuer, otherSlash(issuer)]) {
      try {
        return await discover(door, { issuer: written, discovery_url })
      } catch (error) {
        if (!(error instanceof OxdError)) throw error
        if (error.code !== 'invalid_issuer_discovered') return undefined
      }
    }
    return undefined
  }
