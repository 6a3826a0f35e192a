// DNS for cases, without a server: a name says itself what it resolves to, now and later.
import { isIP } from 'node:net'
import type { Surroundings } from '../../daemon.ts'

type Lookup = NonNullable<Surroundings['lookup']>

const ZONE = '.op.test'

const label = (address: string): string => address.replaceAll(/[.:]/g, '-').replace(/^-/, '0-')
const addressOf = (text: string): string =>
  /^\d+(-\d+){3}$/.test(text) ? text.replaceAll('-', '.') : text.replaceAll('-', ':')

/**
 * A name that resolves to these addresses: each list is the answer to one question, the last one to all further ones.
 * @param unique tells names of one plan apart, since the questions to each are counted
 */
export const nameOf = (unique: string, ...answers: readonly (readonly string[])[]): string =>
  `${unique}.${answers.map((addresses) => addresses.map(label).join('.and.')).join('.then.')}${ZONE}`

/** Answers by the name that is asked. */
export const namesLookup = (): Lookup => {
  const asked = new Map<string, number>()
  return (hostname, _options, callback) => {
    const host = hostname.replace(/\.$/, '').toLowerCase()
    // As the hosts file of a machine may have it.
    if (/(?:^|\.)localhost$/.test(host)) return callback(null, [{ address: '127.0.0.9', family: 4 }])
    const nth = asked.get(host) ?? 0
    asked.set(host, nth + 1)
    const answers = host.endsWith(ZONE)
      ? host
          .slice(host.indexOf('.') + 1, -ZONE.length)
          .split('.then.')
          .map((list) => list.split('.and.').map(addressOf))
      : []
    const addresses = answers[Math.min(nth, answers.length - 1)] ?? []
    if (addresses.length === 0 || addresses.some((address) => isIP(address) === 0)) {
      return callback(Object.assign(new Error(`${host} is unknown`), { code: 'ENOTFOUND' }), [])
    }
    callback(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    )
  }
}
