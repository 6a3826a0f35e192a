// Keeps the daemon under test on this machine, weakened or not: a connection to anywhere else is not made, but told.
import type { LookupAddress } from 'node:dns'
import { isIP, Socket, type LookupFunction } from 'node:net'

const HERE = /^(?:127\.|::1$)/

const stay = (address: string): Error =>
  Object.assign(new Error(`${address} is outside of the fence`), { code: 'ENETUNREACH' })

/** A lookup whose results outside of this machine are told and refused. */
const fenced =
  (lookup: LookupFunction, tried: Set<string>): LookupFunction =>
  (hostname, options, callback) =>
    lookup(hostname, options, (error, found, family) => {
      const addresses =
        typeof found === 'string' ? [found] : (found ?? []).map(({ address }: LookupAddress) => address)
      const away = addresses.filter((address) => !HERE.test(address))
      for (const address of away) tried.add(address)
      if (error === null && away[0] !== undefined) return callback(stay(away[0]), [])
      callback(error, found, family)
    })

/** From now on no socket of this process leaves the machine. @returns the addresses that were tried */
export const fenceIn = (): Set<string> => {
  const tried = new Set<string>()
  const connect = Socket.prototype.connect
  // All forms of `connect` come here as the list that `net.connect` makes: options first.
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    const [first] = args
    const [options] = (Array.isArray(first) ? first : [first]) as [{ host?: string; lookup?: LookupFunction }]
    const { host, lookup } = options
    if (host !== undefined && isIP(host) !== 0 && !HERE.test(host)) {
      tried.add(host)
      process.nextTick(() => this.destroy(stay(host)))
      return this
    }
    if (lookup !== undefined) options.lookup = fenced(lookup, tried)
    return Reflect.apply(connect, this, args)
  } as typeof connect
  return tried
}
