// An OP for fuzz targets that answers every request with one text, without a network.
import { LIMITS } from '../../src/limits.ts'
import type { Door, DoorAnswer } from '../../src/oidc/http.ts'
import { createOpKeys } from '../../src/oidc/keys.ts'
import type { OpMetadata } from '../../src/oidc/discovery.ts'
import type { Op } from '../../src/oidc/op.ts'
import { ownKeysInMemory } from '../../src/testing/own_keys.ts'
import { realWorld } from '../../src/world.ts'

export const ISSUER = 'https://op.example.com'
export const METADATA: OpMetadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
  userinfo_endpoint: `${ISSUER}/userinfo`,
  registration_endpoint: `${ISSUER}/register`,
  introspection_endpoint: `${ISSUER}/introspect`,
  end_session_endpoint: `${ISSUER}/end_session`,
}
/** Of the OP's own clock, and that of oxd: no target hangs on the day it runs. */
export const NOW = 1_700_000_000

const WORLD = { ...realWorld(() => {}), now: () => NOW * 1_000 }
const OWN = ownKeysInMemory(WORLD)

/** A status before the text stands for itself: `400 {"error":"invalid_grant"}`. Otherwise it is 200. */
const answerIn = (input: Buffer): Pick<DoorAnswer, 'status' | 'text'> => {
  const text = input.toString()
  const [head = '', digits] = /^([2-5]\d\d) /.exec(text) ?? []
  return { status: Number(digits ?? 200), text: text.slice(head.length) }
}

/** The door of an OP that says `input`, whatever it is asked. */
export const doorOf = (input: Buffer, type = 'application/json'): Door => {
  const { status, text } = answerIn(input)
  const answer = (url: string): DoorAnswer => ({
    status,
    text,
    url,
    headers: new Headers({ 'content-type': type }),
  })
  const empty = status === 204 || status === 205 || status === 304
  return {
    request: async ({ url }) => answer(String(url)),
    fetchFor: () => async () =>
      new Response(empty ? null : text, { status, headers: { 'content-type': type } }),
    close: async () => {},
  }
}

/** The OP behind that door; its keys come through it, too. */
export const opOf = (input: Buffer, type?: string, metadata: Partial<OpMetadata> = {}): Op => {
  const door = doorOf(input, type)
  const jwks_uri = async (): Promise<string> => METADATA.jwks_uri
  const keys = createOpKeys({ door, jwks_uri, now: () => NOW * 1_000, limits: LIMITS, log: WORLD.log })
  return {
    metadata: { ...METADATA, ...metadata },
    keys,
    door,
    own: OWN,
    clock: () => undefined,
    hasQuirk: () => false,
    insecure_unsigned_id_tokens: false,
  }
}
