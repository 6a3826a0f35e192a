// Who may call: every protected command shows a token of the OP, a caller key or a certificate, and operates only its own sites.
//
// A site belongs to the pair of its issuer and a client there: the setup client under which it was registered (3.1), or its
// own client (4.x). So a token is only ever introspected at the issuer of a site that oxd knows, never at one that the
// caller names: an OP that claims to have issued a token to somebody else's client_id gains nothing.
import { LRUCache } from 'lru-cache'
import { isCallerKey, type Caller, type Callers } from './callers.ts'
import type { AnyCommand, Permit } from './command.ts'
import type { DialectName } from './dialect.ts'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import { askedOp, type AskedOp } from './oidc/asked_op.ts'
import { introspect, type Introspection } from './oidc/introspection.ts'
import type { Ops } from './oidc/op.ts'
import type { Pats } from './pat.ts'
import type { Setup, Site, Sites } from './site.ts'
import type { Keys } from './store/seal.ts'
import type { World } from './world.ts'

/** What a transport knows of who sent a command. */
export interface Credentials {
  /** Must the caller prove itself? A transport on which it need not says so at the start of the daemon. */
  readonly protected: boolean
  /** `Authorization: Bearer`, or `protection_access_token` among the parameters. */
  readonly token?: string | undefined
  /** The header `AuthorizationOxdId` (4.x): the site at whose OP the token is introspected. */
  readonly authorization_oxd_id?: string | undefined
  /** SHA-256 of the certificate with which the TLS connection was made. */
  readonly certificate?: string | undefined
}

export interface Guard {
  /**
   * Refuses what can be refused before anything is read.
   * @throws OxdError blank_protection_access_token
   */
  first(command: AnyCommand, credentials: Credentials): void
  /** @throws OxdError with the code of the first check that fails */
  permit(
    command: AnyCommand,
    asked: {
      readonly params: Readonly<Record<string, unknown>>
      readonly site: Site | undefined
      readonly credentials: Credentials
      readonly dialect: DialectName
    },
  ): Promise<Permit>
}

export interface GuardParts {
  readonly sites: Sites
  readonly callers: Callers
  readonly ops: Ops
  readonly pats: Pats
  readonly keys: Keys
  readonly world: World
  readonly limits: Limits
  /** Issuers that anybody may make oxd ask: those of `--allowed-op`, and the default one. */
  readonly allowed_op: readonly string[]
  readonly op_host: string | undefined
}

const noSetup: Permit['setup'] = async () => undefined
const noAdoption: Permit['adopt'] = async () => {}
const EVERYTHING: Permit = { owns: () => true, setup: noSetup, adopt: noAdoption, anywhere: true }
const NOTHING: Permit = { owns: () => false, setup: noSetup, adopt: noAdoption, anywhere: false }

/** The client whose tokens operate this site; undefined where none can (3.1 knows only setup clients). */
const ownerOf = ({ setup, client }: Site, dialect: DialectName): string | undefined =>
  dialect === 'v4'
    ? client.client_id
    : dialect === 'v3'
      ? setup?.client_id
      : (setup?.client_id ?? client.client_id)

/** A slash at the end makes another issuer, but no other OP. */
const issuerOf = (asked: AskedOp, fallback?: string): string =>
  askedOp(asked, fallback).where.issuer.replace(/\/$/, '')

export const createGuard = ({
  sites,
  callers,
  ops,
  pats,
  keys,
  world,
  limits,
  allowed_op,
  op_host,
}: GuardParts): Guard => {
  const allowed = new Set(
    [...allowed_op, ...(op_host === undefined ? [] : [op_host])].map((host) => issuerOf({ op_host: host })),
  )
  /** Under a keyed hash, so that no token lies about in memory by its name. */
  const introspected = new LRUCache<string, Introspection, { readonly at: Site; readonly token: string }>({
    max: limits.introspections_max,
    ttl: limits.introspection_ms,
    ttlResolution: 0,
    perf: { now: world.now },
    ignoreFetchAbort: true,
    allowStaleOnFetchAbort: true,
    async fetchMethod(_key, _stale, { options, context: { at, token } }) {
      const answer = await introspect(await ops.at(at), at.client, token, pats.of(at))
      const left_ms = answer.exp === undefined ? limits.introspection_ms : answer.exp * 1000 - world.now()
      options.ttl = Math.max(1, Math.min(left_ms, limits.introspection_ms))
      return answer
    },
  })

  /** What the OP of `at` says of the token; `at` is a site that oxd knows, as whose client it is asked. */
  const saidOf = (at: Site, token: string): Promise<Introspection> => {
    // What one site could ask does not stand for another that only claims to be the same client.
    const name = keys
      .mac('introspected token', at.oxd_id, at.issuer, at.client.client_id, token)
      .toString('base64url')
    return introspected.forceFetch(name, { context: { at, token } })
  }

  /** The client to which the token was issued. */
  const clientIn = ({ active, client_id, scope }: Introspection): string => {
    if (!active) throw new OxdError('inactive_protection_access_token')
    if (!client_id) throw new OxdError('invalid_introspection_response')
    if (!scope.includes('oxd')) throw new OxdError('protection_access_token_insufficient_scope')
    return client_id
  }

  /** The site as whose client tokens of this site are introspected. */
  const introspector = async (site: Site): Promise<Site> => {
    const setup = site.setup === undefined ? undefined : await sites.get(site.setup.oxd_id)
    // The setup client may have been removed, or moved to another issuer: then it says nothing about this site.
    return setup !== undefined && setup.issuer === site.issuer ? setup : site
  }

  const owns = (owner: { issuer: string; client_id: string }, dialect: DialectName) => (site: Site) =>
    site.issuer === owner.issuer && ownerOf(site, dialect) === owner.client_id

  /** The owner that the token proves, shown for this site. */
  const ownerByToken = async (site: Site, token: string, dialect: DialectName): Promise<Permit> => {
    const owner = ownerOf(site, dialect)
    if (owner === undefined) throw new OxdError('no_setup_client_for_oxd_id')
    const client_id = clientIn(await saidOf(await introspector(site), token))
    if (client_id !== owner) throw new OxdError('invalid_protection_access_token')
    return {
      ...EVERYTHING,
      owns: owns({ issuer: site.issuer, client_id }, dialect),
      // 4.x knows no setup clients.
      setup: async () => (dialect === 'v4' ? undefined : site.setup),
    }
  }

  const ofCaller = ({ name, sites: own }: Caller): Permit => ({
    ...EVERYTHING,
    owns: ({ oxd_id }) => own === 'all' || own.includes(oxd_id),
    adopt: async (oxd_id) => {
      if (own !== 'all') await callers.give(name, oxd_id)
    },
  })

  const callerOf = async ({ token, certificate }: Credentials): Promise<Caller | undefined> => {
    if (token !== undefined && isCallerKey(token)) {
      const caller = await callers.ofKey(token)
      // Never shown to an OP as if it were a token of its.
      if (caller === undefined) {
        throw new OxdError('invalid_protection_access_token', {
          what: 'This caller key is not known (any more).',
        })
      }
      return caller
    }
    return certificate === undefined ? undefined : callers.ofCertificate(certificate)
  }

  const isAllowed = (params: AskedOp): boolean => allowed.has(issuerOf(params, op_host))

  const setupPermit = (issuer: string, link: Setup): Permit => ({
    ...NOTHING,
    owns: owns({ issuer, client_id: link.client_id }, 'v3'),
    setup: async () => link,
  })

  /** register_site of 3.1: the token of a setup client at that issuer, which oxd knows already. */
  const setupByToken = async (asked: AskedOp, token: string): Promise<Permit> => {
    const { issuer } = askedOp(asked, op_host).where
    const setups = await sites.setupsAt(issuer)
    let failure: unknown
    let inactive = false
    let proven: string | undefined
    for (const setup of setups) {
      // Known already whose token it is: only those who say that they are this client are asked further.
      if (proven !== undefined && setup.setup?.client_id !== proven) continue
      // One setup client that its OP has forgotten must not lock out the others.
      const said = await saidOf(setup, token).catch((error: unknown) => {
        failure ??= error
      })
      // Some OPs tell a client of its own tokens alone: another one is tried.
      if (said?.active === false) inactive = true
      if (said?.active !== true) continue
      proven = clientIn(said)
      // Whoever only claims to be this client could not have asked: it gets no sites of the true one.
      if (setup.setup?.client_id === proven) return setupPermit(issuer, setup.setup)
    }
    // One that so many newer ones have pushed out of the list is still found by its client.
    const owner = proven === undefined ? undefined : (await sites.ofClient(issuer, proven))?.setup
    if (owner !== undefined && owner.client_id === proven) return setupPermit(issuer, owner)
    if (inactive && proven === undefined) throw new OxdError('inactive_protection_access_token')
    if (failure !== undefined && proven === undefined) throw failure
    if (setups.length > 0) throw new OxdError('invalid_protection_access_token')
    throw new OxdError('invalid_protection_access_token', {
      what: 'No setup client of this OP is known: setup_client.',
    })
  }

  const permitOpen = async (
    { access }: AnyCommand,
    params: Readonly<Record<string, unknown>>,
    { token, authorization_oxd_id }: Credentials,
    dialect: DialectName,
  ): Promise<Permit> => {
    // The parameters that name an OP are declared by the same fields in every command that has them.
    const asked = params as AskedOp
    const { client_id } = params
    // Who wants a new token often still shows the one that has expired.
    const mayProveItself =
      access === 'client' &&
      (isAllowed(asked) ||
        (typeof client_id === 'string' &&
          (await sites.hasClient(askedOp(asked, op_host).where.issuer, client_id))))
    if (mayProveItself) return NOTHING
    if (authorization_oxd_id !== undefined && token !== undefined) {
      const site = await named(authorization_oxd_id)
      const permit = await ownerByToken(site, token, dialect)
      if (access === 'caller') return permit
      // Where anybody may register, anybody has such a token: it opens the way to its own OP, not to any other.
      const isOwn = askedOp(asked, op_host).where.issuer === site.issuer
      if (!isOwn && !isAllowed(asked)) throw new OxdError('op_not_allowed')
      return { ...permit, anywhere: false }
    }
    if (access === 'caller') {
      if (token === undefined) throw new OxdError('blank_protection_access_token')
      throw new OxdError('invalid_protection_access_token', {
        what: 'A token is good for the site that oxd_id names; a caller key is good without.',
      })
    }
    // 4.x knows no setup clients: a token that names no site proves nothing, and is not asked for.
    if (token !== undefined && access === 'op' && dialect !== 'v4') {
      if (!isAllowed(asked)) return setupByToken(asked, token)
      // What needs no token is not refused for one; whose site it becomes is asked when one is registered.
      return { ...NOTHING, setup: async () => (await setupByToken(asked, token)).setup() }
    }
    if (isAllowed(asked)) return NOTHING
    throw new OxdError('op_not_allowed')
  }

  const named = async (authorization_oxd_id: string): Promise<Site> => {
    const site = await sites.get(authorization_oxd_id)
    if (site === undefined) throw new OxdError('authorization_oxd_id_not_found')
    return site
  }

  const permitSite = async (
    site: Site,
    { token, authorization_oxd_id }: Credentials,
    dialect: DialectName,
  ): Promise<Permit> => {
    if (token === undefined) throw new OxdError('blank_protection_access_token')
    if (authorization_oxd_id === undefined) return ownerByToken(site, token, dialect)
    const permit = await ownerByToken(await named(authorization_oxd_id), token, dialect)
    // The original took the word of any site's token for any other site.
    if (!permit.owns(site)) throw new OxdError('invalid_authorization_oxd_id')
    return permit
  }

  return {
    first({ access }, { protected: isProtected, token, certificate }) {
      if (!isProtected || token !== undefined || certificate !== undefined) return
      if (access === 'site' || access === 'caller') throw new OxdError('blank_protection_access_token')
    },

    async permit(command, { params, site, credentials, dialect }) {
      if (command.access === 'public') return NOTHING
      if (!credentials.protected) {
        const { token } = credentials
        if (token === undefined || isCallerKey(token) || dialect === 'v4') return EVERYTHING
        // A token that is shown all the same says under which setup client a site is registered, as in 3.1.
        return { ...EVERYTHING, setup: async () => (await setupByToken(params, token)).setup() }
      }
      const caller = await callerOf(credentials)
      if (caller === undefined) {
        return site === undefined
          ? permitOpen(command, params, credentials, dialect)
          : permitSite(site, credentials, dialect)
      }
      const permit = ofCaller(caller)
      if (site !== undefined && !permit.owns(site)) throw new OxdError('invalid_protection_access_token')
      return permit
    },
  }
}
