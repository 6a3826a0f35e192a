// The daemon, composed: store, OPs, logins and commands behind the socket. `main.ts` and the tests start it.
import { readFileSync } from 'node:fs'
import { createCallers } from './callers.ts'
import type { AnyCommand, Context } from './command.ts'
import * as commands from './commands/index.ts'
import type { Config } from './config.ts'
import { createDispatch, type Envelope } from './dispatch.ts'
import { StartError } from './error.ts'
import { createGuard } from './guard.ts'
import type { Limits } from './limits.ts'
import { createLogins } from './login.ts'
import { createDoor, type Door } from './oidc/http.ts'
import { createOps } from './oidc/op.ts'
import { createPats } from './pat.ts'
import { encodeReply } from './serve/frame.ts'
import { listen, type Listening } from './serve/socket.ts'
import { sitesOf } from './site.ts'
import type { OpenedStore } from './store/key.ts'
import type { World } from './world.ts'

/** Every command, in the order of their names. */
export const COMMANDS: readonly AnyCommand[] = Object.values(commands)

export interface Daemon {
  readonly addresses: Listening['addresses']
  /** Finishes what is under way, within `shutdown_ms`, and closes everything that was opened. */
  readonly close: () => Promise<void>
}

export interface Surroundings {
  readonly world: World
  readonly limits: Limits
  /** Closed with the daemon. */
  readonly opened: OpenedStore
}

const readCertificates = (file: string | undefined): string | undefined => {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new StartError(`op_ca: ${file} cannot be read.`)
  }
}

/** Names the file whose text the door refused. */
const openDoor = ({ trust_op, op_ca, op_proxy, no_proxy }: Config, limits: Limits): Door => {
  const certificates = readCertificates(op_ca)
  try {
    return createDoor({ trust_op, op_ca: certificates, op_proxy, no_proxy, limits })
  } catch (error) {
    if (!(error instanceof StartError) || op_ca === undefined) throw error
    throw new StartError(error.message.replace(/^op_ca /, `op_ca: ${op_ca} `))
  }
}

/** Starts the daemon. @throws StartError */
export const startDaemon = async (
  config: Config,
  { world, limits, opened }: Surroundings,
): Promise<Daemon> => {
  const { store, keys } = opened
  const { trust_op, op_host, allowed_op, insecure_password_commands } = config
  const door = openDoor(config, limits)
  if (trust_op.length > 0) world.log('warn', 'trusted at private addresses', { op: trust_op.join(' ') })
  const sites = sitesOf(store, limits)
  const ops = createOps(door, world, limits)
  const pats = createPats(store, ops, world, limits)
  const callers = createCallers(store, world, limits)
  const context: Context = {
    world,
    ops,
    sites,
    logins: createLogins(store, keys, world, limits),
    defaults: { op_host, insecure_password_commands },
  }
  const guard = createGuard({ sites, callers, ops, pats, keys, world, limits, allowed_op, op_host })
  const dispatch = createDispatch(COMMANDS, context, guard)
  const fits = (reply: Envelope, long: boolean): boolean =>
    encodeReply(reply, { long }, limits) !== 'reply_too_large'
  const listening = await listen({
    tcp: config.tcp ? { host: config.bind, port: config.port } : undefined,
    unix: config.unix,
    ...dispatch.overSocket({ protected: config.require_token, fits }),
    limits,
    log: world.log,
  })
  const complain = (error: unknown): void => {
    world.log('error', 'the store could not be tidied', {
      reason: error instanceof Error ? error.message : '',
    })
  }
  const tidy = (): void => {
    sites.flush().then(store.sweep).catch(complain)
  }
  const sweeping = setInterval(tidy, limits.sweep_interval_ms)
  return {
    addresses: listening.addresses,
    async close() {
      clearInterval(sweeping)
      await listening.close()
      await door.close()
      await sites.flush().catch(complain)
      await store.close()
    },
  }
}
