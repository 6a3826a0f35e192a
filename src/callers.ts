// Callers: applications that show a key, or a certificate, instead of a token of their OP. They protect sites at any OP.
import { createHash } from 'node:crypto'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import type { Store, Write } from './store/store.ts'
import { createTurns } from './turns.ts'
import { seconds, type World } from './world.ts'

/** One way for a caller to prove itself; only its hash is kept. */
export interface Credential {
  /** `key`: SHA-256 of the key; `certificate`: SHA-256 of the certificate (DER), as `openssl x509 -fingerprint` shows it. */
  readonly type: 'key' | 'certificate'
  /** Hexadecimal, lower case. */
  readonly sha256: string
  /** Seconds since the epoch. */
  readonly created_at: number
}

export interface Caller {
  readonly name: string
  /** The sites that it may operate: their oxd_ids, or all there are and will be. */
  readonly sites: readonly string[] | 'all'
  /** The newest first. */
  readonly credentials: readonly Credential[]
}

export interface Callers {
  /** A new caller and its key, which is shown this once. @throws OxdError caller_exists */
  add(name: string, sites: Caller['sites']): Promise<{ caller: Caller; key: string }>
  /** The same, known by its certificate. @throws OxdError caller_exists: the name, or the certificate, is that of another */
  addCertificate(name: string, sites: Caller['sites'], sha256: string): Promise<Caller>
  /** A new key; the one before it stays good beside it until it is dropped. @throws OxdError unknown_caller */
  rotate(name: string): Promise<{ caller: Caller; key: string }>
  /** From now on only the newest credential is good. @throws OxdError unknown_caller */
  dropOld(name: string): Promise<Caller>
  /** One more site that it may operate. @throws OxdError unknown_caller; invalid_request after `caller_sites_max` */
  give(name: string, oxd_id: string): Promise<Caller>
  /** `false` if there was none. */
  remove(name: string): Promise<boolean>
  list(): AsyncIterable<Caller>
  /** Whose key this is. */
  ofKey(key: string): Promise<Caller | undefined>
  /** Whose certificate this is, by its SHA-256. */
  ofCertificate(sha256: string): Promise<Caller | undefined>
}

/** So that a key is recognised, by oxd and by scanners that look for lost secrets. */
const KEY_PREFIX = 'oxd_key_'
const KEY_BYTES = 32
const KEY = new RegExp(`^${KEY_PREFIX}[\\w-]{43}$`)
const NAME = /^[\w.-]{1,64}$/
const SHA256 = /^[0-9a-f]{64}$/

const LOOKS_LIKE_KEY = new RegExp(KEY_PREFIX, 'i')

/**
 * Is this meant as the key of a caller? A key that was cut off, or copied with quotes, a line end or the word Bearer, is
 * never shown to an OP as if it were a token of its; that a token holds these eight characters by chance is not to be feared.
 */
export const isCallerKey = (text: string): boolean => LOOKS_LIKE_KEY.test(text)

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')

export const createCallers = (
  store: Store,
  world: World,
  limits: Pick<Limits, 'caller_keys_max' | 'caller_sites_max' | 'swap_tries_max'>,
): Callers => {
  const callers = store.kind<Caller>({ kind: 'caller', durable: true })
  /** Which caller has this credential. An entry whose caller does not list it (any more) is worth nothing. */
  const owners = store.kind<{ readonly name: string }>({ kind: 'caller_credential', durable: true })

  const inTurn = createTurns()

  const checkedName = (name: string): string => {
    if (!NAME.test(name)) {
      throw new OxdError('invalid_request', {
        what: 'The name of a caller has 1 to 64 letters, digits, and _ . - among them.',
      })
    }
    return name
  }
  const newKey = (): { key: string; credential: Credential } => {
    const key = `${KEY_PREFIX}${world.random(KEY_BYTES).toString('base64url')}`
    return { key, credential: { type: 'key', sha256: hashOf(key), created_at: seconds(world) } }
  }
  /** @param entry of its first credential */
  const insert = async (caller: Caller, entry: Write): Promise<Caller> => {
    if (!(await store.commit([callers.writes.insert([checkedName(caller.name)], caller), entry]))) {
      throw new OxdError('caller_exists', { what: `It is ${caller.name}.` })
    }
    return caller
  }
  const unknown = () => new OxdError('unknown_caller', { what: 'See oxd callers list.' })
  const change = async (name: string, to: (caller: Caller) => Caller): Promise<Caller> => {
    const changed = await callers.update([name], to)
    if (changed === undefined) throw unknown()
    return changed.value
  }
  /** Changes the credentials of a caller and their entries, in one commit; `undefined`: the caller goes, or there is none. */
  const changeCredentials = (
    name: string,
    to: (credentials: readonly Credential[]) => readonly Credential[] | undefined,
  ): Promise<Caller | undefined> =>
    inTurn(name, async () => {
      for (let tries = 0; tries < limits.swap_tries_max; tries += 1) {
        const found = await callers.get([name])
        if (found === undefined) return undefined
        const before = found.value.credentials
        const after = to(before)
        const caller = { ...found.value, credentials: after ?? [] }
        const dropped = before.filter((credential) => !caller.credentials.includes(credential))
        const added = caller.credentials.filter((credential) => !before.includes(credential))
        const written = await store.commit([
          after === undefined
            ? callers.writes.spend([name], found)
            : callers.writes.swap([name], found, caller),
          ...dropped.map(({ type, sha256 }) => owners.writes.remove([type, sha256])),
          ...added.map(({ type, sha256 }) => owners.writes.put([type, sha256], { name })),
        ])
        if (written) return caller
      }
      throw new OxdError('site_changed')
    })
  const find = async (type: Credential['type'], sha256: string): Promise<Caller | undefined> => {
    const owner = await owners.get([type, sha256])
    if (owner === undefined) return undefined
    const caller = (await callers.get([owner.value.name]))?.value
    // The caller's own list decides: what was dropped there is worth nothing, even if its entry was left behind.
    return caller?.credentials.some((known) => known.type === type && known.sha256 === sha256)
      ? caller
      : undefined
  }

  return {
    async add(name, sites) {
      const { key, credential } = newKey()
      const entry = owners.writes.put(['key', credential.sha256], { name })
      return { key, caller: await insert({ name, sites, credentials: [credential] }, entry) }
    },
    async addCertificate(name, sites, sha256) {
      if (!SHA256.test(sha256))
        throw new OxdError('invalid_request', { what: 'This is no SHA-256 fingerprint.' })
      const id = ['certificate', sha256]
      const owner = await owners.get(id)
      const refuseKnown = async (): Promise<void> => {
        const known = await find('certificate', sha256)
        // Its entry would be overwritten, and that caller locked out without a word.
        if (known !== undefined) {
          throw new OxdError('caller_exists', { what: `This certificate is that of ${known.name}.` })
        }
      }
      await refuseKnown()
      const credential = { type: 'certificate', sha256, created_at: seconds(world) } as const
      // Of those who bring it at once, one gets it.
      const entry =
        owner === undefined ? owners.writes.insert(id, { name }) : owners.writes.swap(id, owner, { name })
      return insert({ name, sites, credentials: [credential] }, entry).catch(async (error: unknown) => {
        await refuseKnown()
        throw error
      })
    },
    async rotate(name) {
      const { key, credential } = newKey()
      const caller = await changeCredentials(name, (before) =>
        [credential, ...before].slice(0, limits.caller_keys_max),
      )
      if (caller === undefined) throw unknown()
      return { key, caller }
    },
    async dropOld(name) {
      const caller = await changeCredentials(name, (before) => before.slice(0, 1))
      if (caller === undefined) throw unknown()
      return caller
    },
    give: (name, oxd_id) =>
      change(name, (before) => {
        if (before.sites === 'all' || before.sites.includes(oxd_id)) return before
        if (before.sites.length >= limits.caller_sites_max) {
          throw new OxdError('invalid_request', {
            what: `This caller has ${limits.caller_sites_max} sites already: a caller for all sites has no such bound.`,
          })
        }
        return { ...before, sites: [...before.sites, oxd_id] }
      }),
    remove: async (name) => (await changeCredentials(name, () => undefined)) !== undefined,
    async *list() {
      for await (const { value } of callers.list()) yield value
    },
    ofKey: async (key) => (KEY.test(key) ? find('key', hashOf(key)) : undefined),
    ofCertificate: (sha256) => find('certificate', sha256),
  }
}
