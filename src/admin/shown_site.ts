// What administration tells of a site: everything but its secrets, of which it says whether they are there.
import type { Site } from '../site.ts'

/** Seconds since the epoch as people read them; null: never, or not known. */
export const shownTime = (at: number | undefined): string | null =>
  at === undefined || !Number.isFinite(at) || Math.abs(at) > LAST_SECOND
    ? null
    : new Date(at * 1_000).toISOString()
/** The last second that a Date can hold. */
const LAST_SECOND = 8_640_000_000_000

/** A line of a list. */
export const siteLine = ({ oxd_id, settings, issuer, client }: Site): Record<string, unknown> => ({
  oxd_id,
  client_name: settings.client_name,
  issuer,
  client_id: client.client_id,
  client_secret_expires: shownTime(client.client_secret_expires_at),
})

/** One site in full. */
export const siteInFull = (site: Site): Record<string, unknown> => {
  const { client, setup, settings } = site
  return {
    ...siteLine(site),
    op_host: site.op_host,
    discovery_url: site.discovery_url,
    op_quirks: site.quirks ?? [],
    registered_by_hand: client.by_hand,
    client_secret: client.client_secret === undefined ? 'no' : 'yes',
    registration_access_token: client.registration_access_token === undefined ? 'no' : 'yes',
    registration_client_uri: client.registration_client_uri ?? null,
    token_endpoint_auth_method: client.token_endpoint_auth_method,
    id_token_signed_response_alg: client.id_token_signed_response_alg,
    setup_oxd_id: setup?.oxd_id ?? null,
    setup_client_id: setup?.client_id ?? null,
    // What a site asked for in public; of what the OP alone understands only the names are known to be harmless.
    settings: { ...settings, further_metadata: Object.keys(settings.further_metadata ?? {}) },
  }
}
