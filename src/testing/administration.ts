// Administration in this process, on a store in memory, with sites that no OP has ever seen.
import { readConfig } from '../config.ts'
import { createCallers, type Callers } from '../callers.ts'
import { openAdmin } from '../daemon.ts'
import { LIMITS, type Limits } from '../limits.ts'
import { sitesOf, type Site, type Sites } from '../site.ts'
import { settingsFrom } from '../site_settings.ts'
import { createMemoryEngine } from '../store/memory.ts'
import { createKeys } from '../store/seal.ts'
import { createStore } from '../store/store.ts'
import { realWorld } from '../world.ts'
import type { Data, Envelope } from './daemon.ts'

/** What must never be told of a site. */
export const SITE_SECRETS = ['the-client-secret', 'the-registration-token'] as const

/** A site with all its secrets. */
export const siteCalled = (
  oxd_id: string,
  client_name: string,
  client: Partial<Site['client']> = {},
): Site => ({
  oxd_id,
  op_host: 'https://op.example.com',
  issuer: 'https://op.example.com',
  discovery_url: 'https://op.example.com/.well-known/openid-configuration',
  version: 1,
  settings: settingsFrom(oxd_id, {
    authorization_redirect_uri: 'https://client.example.com/callback',
    client_name,
  }),
  client: {
    client_id: `client-of-${oxd_id}`,
    client_secret: SITE_SECRETS[0],
    client_secret_expires_at: 1_900_000_000,
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'RS256',
    registration_access_token: SITE_SECRETS[1],
    registration_client_uri: 'https://op.example.com/register/1',
    by_hand: false,
    ...client,
  },
})

export interface Administration {
  /** The reply to one command, as the command line gets it. */
  readonly ask: (command: string, params?: Data) => Promise<Envelope>
  /** The same, which must succeed. */
  readonly ok: (command: string, params?: Data) => Promise<Data>
  /** The code of a refusal. */
  readonly refusal: (command: string, params?: Data) => Promise<unknown>
  readonly sites: Sites
  readonly callers: Callers
  /** Milliseconds since the epoch, to be moved by hand. */
  readonly clock: { now: number }
  readonly close: () => Promise<void>
}

export const startAdministration = (overrides: Partial<Limits> = {}): Administration => {
  const clock = { now: 1_800_000_000_000 }
  const world = { ...realWorld(() => {}), now: () => clock.now }
  const limits = { ...LIMITS, ...overrides }
  const keys = createKeys(world.random(32))
  const store = createStore(
    createMemoryEngine(() => Math.floor(world.now() / 1_000)),
    keys,
    world,
    limits,
  )
  const { dispatch, close } = openAdmin(readConfig([], {}, ''), { world, limits, opened: { store, keys } })
  const ask: Administration['ask'] = async (command, params = {}) => {
    const credentials = { protected: false }
    const { status, data } = await dispatch.call({
      command,
      params,
      dialect: 'native',
      credentials,
      peer: 'test',
      signal: new AbortController().signal,
    })
    return { status, data: { ...data } }
  }
  return {
    ask,
    async ok(command, params) {
      const { status, data } = await ask(command, params)
      if (status !== 'ok') throw new Error(JSON.stringify(data))
      return data
    },
    refusal: async (command, params) => (await ask(command, params)).data.error,
    sites: sitesOf(store, limits),
    callers: createCallers(store, world, limits),
    clock,
    close,
  }
}
