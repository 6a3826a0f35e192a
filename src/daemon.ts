// The daemon, composed: store, OPs, logins and commands behind the socket. `main.ts` and the tests start it.
import { readFileSync } from 'node:fs'
import type { AdminContext } from './admin/admin_command.ts'
import * as adminCommands from './admin/index.ts'
import { createListings } from './admin/listings.ts'
import { createCallers } from './callers.ts'
import type { AnyCommand, Context } from './command.ts'
import * as commands from './commands/index.ts'
import type { Config } from './config.ts'
import { createEndedLogins } from './ended_logins.ts'
import { createDispatch, type Dispatch, type Envelope } from './dispatch.ts'
import { StartError } from './error.ts'
import { createGuard, type Guard } from './guard.ts'
import type { Limits } from './limits.ts'
import { createLiveLogins } from './live_logins.ts'
import { createLogins } from './login.ts'
import { createDoor, type Door, type DoorOptions } from './oidc/http.ts'
import { createOps } from './oidc/op.ts'
import { createPats } from './pat.ts'
import { createRefreshes } from './refreshes.ts'
import type { Telling } from './reasons.ts'
import { createPublicDesk } from './public_desk.ts'
import { createRpKeys } from './rp_keys.ts'
import { changeableDoor } from './reload/door.ts'
import { createReload, type ReloadParts } from './reload/reload.ts'
import { encodeReply } from './serve/frame.ts'
import { listenOverHttp, type HttpListeners } from './serve/http_listeners.ts'
import { listen, type Listening } from './serve/socket.ts'
import { sitesOf } from './site.ts'
import type { OpenedStore } from './store/key.ts'
import { keyTeller } from './told_keys.ts'
import { createStartLogin } from './stranger_login.ts'
import { createUma } from './uma.ts'
import { createWebhooks } from './webhooks.ts'
import type { World } from './world.ts'

/** Every command, in the order of their names. */
export const COMMANDS: readonly AnyCommand[] = Object.values(commands)
/** Every command of administration. */
const ADMIN_COMMANDS: readonly AnyCommand[] = Object.values(adminCommands)

export interface Daemon {
  readonly addresses: Listening['addresses'] & HttpListeners['addresses']
  /** Certificate, key, CA and settings files are read again, changed or not; a bad one keeps the old in use. */
  readonly reload: () => Promise<void>
  /** Finishes what is under way, within `shutdown_ms`, and closes everything that was opened. */
  readonly close: () => Promise<void>
}

export interface Surroundings {
  readonly world: World
  readonly limits: Limits
  /** Closed with the daemon. */
  readonly opened: OpenedStore
  /** Parameters that the configuration of an old oxd gives to whoever leaves them out. */
  readonly site_defaults?: Readonly<Record<string, unknown>>
  /** Where administration comes in; without it, through the store alone. */
  readonly admin_socket?: string | undefined
  /** Who resolves the names of OPs; default: the system. */
  readonly lookup?: DoorOptions['lookup'] | undefined
}

export interface DaemonSurroundings extends Surroundings {
  /** Of oxd; HTTP clients are told. */
  readonly version: string
  /** Where the settings came from, to read them again; `read` throws a StartError. */
  readonly settings?: ReloadParts['settings']
}

/** The text of `op_ca`. @throws StartError */
export const readCertificates = (file: string | undefined): string | undefined => {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new StartError(`op_ca: ${file} cannot be read.`)
  }
}

/** The way out, by the settings; names the file whose text it refused. @throws StartError */
export const openDoor = (
  { trust_op, op_ca, op_proxy, no_proxy }: Pick<Config, 'trust_op' | 'op_ca' | 'op_proxy' | 'no_proxy'>,
  limits: Limits,
  lookup?: DoorOptions['lookup'],
): Door => {
  const certificates = readCertificates(op_ca)
  const resolving = lookup === undefined ? {} : { lookup }
  try {
    return createDoor({ trust_op, op_ca: certificates, op_proxy, no_proxy, limits, ...resolving })
  } catch (error) {
    if (!(error instanceof StartError) || op_ca === undefined) throw error
    throw new StartError(error.message.replace(/^op_ca /, `op_ca: ${op_ca} `))
  }
}

/** The way to the webhooks of sites: as guarded, and to no place that only OPs may be at. @throws StartError */
const openWebhookDoor = (config: Config, limits: Limits, lookup?: DoorOptions['lookup']): Door =>
  openDoor(
    { ...config, trust_op: config.allow_webhook },
    { ...limits, op_total_ms: limits.webhook_ms, op_connections_max: limits.webhook_site_sends_max },
    lookup,
  )

/** Everything behind the transports. */
const furnish = (config: Config, surroundings: Surroundings) => {
  const { world, limits, opened, site_defaults = {}, lookup } = surroundings
  const { store, keys } = opened
  const { trust_op, op_host, insecure_password_commands, public_url } = config
  const door = changeableDoor(openDoor(config, limits, lookup), limits.op_total_ms)
  if (trust_op.length > 0) world.log('warn', 'trusted at private addresses', { op: trust_op.join(' ') })
  const sites = sitesOf(store, limits)
  const rpKeys = createRpKeys(store, world, limits, public_url)
  const { no_quirk, insecure_unsigned_id_tokens } = config
  const ops = createOps(door, world, limits, { own: rpKeys, no_quirk, insecure_unsigned_id_tokens })
  const { allow_webhook } = config
  const webhookDoor = openWebhookDoor(config, limits, lookup)
  const webhooks = createWebhooks({ store, sites, door: webhookDoor, allow_webhook, world, limits })
  const endedLogins = createEndedLogins(store, keys, world, limits, webhooks)
  const liveLogins = createLiveLogins(store, endedLogins, world, limits)
  const pats = createPats(store, ops, world, limits)
  const callers = createCallers(store, world, limits)
  const context: Context = {
    world,
    ops,
    sites,
    logins: createLogins(store, keys, liveLogins, world, limits),
    liveLogins,
    endedLogins,
    webhooks,
    pats,
    refreshes: createRefreshes(store, world, limits),
    rpKeys,
    uma: createUma({ store, keys, ops, pats, world, limits }),
    defaults: { op_host, site: site_defaults, insecure_password_commands, public_url },
  }
  const newGuard = ({ allowed_op }: Config): Guard =>
    createGuard({ sites, callers, ops, pats, keys, world, limits, allowed_op, op_host })
  let current = newGuard(config)
  const guard: Guard = {
    first: (...asked) => current.first(...asked),
    permit: (...asked) => current.permit(...asked),
  }
  const telling: Telling = {
    fingerprint: (about, value) => keys.mac('log fingerprint', about, value).toString('hex', 0, 8),
    characters_max: limits.op_text_characters_max,
  }
  const adminContext: AdminContext = { ...context, callers, listings: createListings(world, limits) }
  return {
    door,
    webhookDoor,
    webhooks,
    /** Other OPs, and other rules for them. @throws StartError */
    prepare(changed: Config): () => void {
      const next = openDoor(changed, limits, lookup)
      return () => {
        door.change(next)
        current = newGuard(changed)
      }
    },
    sites,
    tellKeys: keyTeller(context),
    desk: createPublicDesk(context, store, createStartLogin(context, limits), telling, limits),
    dispatch: createDispatch(COMMANDS, context, guard, telling),
    admin: createDispatch(ADMIN_COMMANDS, adminContext, guard, telling),
  }
}

/** Administration without a daemon: the same commands, in this process. */
export const openAdmin = (
  config: Config,
  surroundings: Surroundings,
): { readonly dispatch: Dispatch; readonly close: () => Promise<void> } => {
  const { door, webhookDoor, sites, admin } = furnish(config, surroundings)
  return {
    dispatch: admin,
    async close() {
      await Promise.all([door.close(), webhookDoor.close()])
      await sites.flush()
      await surroundings.opened.store.close()
    },
  }
}

type Fits = (reply: Envelope, long: boolean) => boolean

/** Logins do not stop because administration has no socket of its own: it goes through the store then, too. */
const listenToAdmins = async (
  admin: Dispatch,
  fits: Fits,
  { world, limits, admin_socket }: Surroundings,
): Promise<Listening | undefined> => {
  if (admin_socket === undefined) return undefined
  try {
    return await listen({
      unix: admin_socket,
      ...admin.overSocket({ protected: false, fits }),
      limits,
      log: world.log,
    })
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    const reason = error.message.replace('--unix', '--data-dir')
    world.log('warn', 'administration has no socket and goes through the store', { reason })
    return undefined
  }
}

/** Starts the daemon. @throws StartError */
export const startDaemon = async (config: Config, surroundings: DaemonSurroundings): Promise<Daemon> => {
  const { world, limits, opened, version, settings } = surroundings
  const { store } = opened
  for (const [name, value] of Object.entries(config)) {
    if (name.startsWith('insecure_') && value === true) world.log('warn', 'weakened', { setting: name })
  }
  const parts = furnish(config, surroundings)
  const { door, webhookDoor, webhooks, sites, dispatch, admin, desk } = parts
  const fits: Fits = (reply, long) => encodeReply(reply, { long }, limits) !== 'reply_too_large'
  const listening = await listen({
    tcp: config.tcp ? { host: config.bind, port: config.port } : undefined,
    unix: config.unix,
    ...dispatch.overSocket({ protected: config.require_token, fits }),
    limits,
    log: world.log,
  })
  const administering = await listenToAdmins(admin, fits, surroundings)
  const { call, refuse } = dispatch
  const http = await listenOverHttp(config, {
    commands: COMMANDS,
    call,
    refuse,
    version,
    desk,
    now: world.now,
    limits,
    log: world.log,
  }).catch(async (error: unknown) => {
    await Promise.all([listening.close(), administering?.close()])
    throw error
  })

  const files = createReload({ config, settings, listeners: http, ops: parts, log: world.log })
  await files.look()
  const looking = setInterval(() => void files.look(), limits.reload_interval_ms)
  const complain = (error: unknown): void => {
    world.log('error', 'the store could not be tidied', {
      reason: error instanceof Error ? error.message : '',
    })
  }
  const tidy = (): void => {
    sites.flush().then(store.sweep).then(parts.tellKeys).then(webhooks.load).catch(complain)
  }
  const sweeping = setInterval(tidy, limits.sweep_interval_ms)
  await webhooks.load()
  const posting = setInterval(() => void webhooks.send(), limits.webhook_interval_ms)
  return {
    addresses: { ...listening.addresses, ...http.addresses },
    reload: files.all,
    async close() {
      clearInterval(sweeping)
      clearInterval(posting)
      clearInterval(looking)
      await Promise.all([listening.close(), http.close(), administering?.close()])
      await Promise.all([door.close(), webhookDoor.close()])
      await sites.flush().catch(complain)
      await store.close()
    },
  }
}
