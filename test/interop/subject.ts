// A column of the matrix: one OP, the way in which clients come to be there, and what a step finds when it looks at both.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, type SiteSettings } from '../../src/client/client.ts'
import { startTestDaemon } from '../../src/testing/daemon.ts'
import { applicationAt, HOME, REDIRECT, type Application } from './application.ts'
import { atFreePort } from './program.ts'
import type { RealOp } from './real_op.ts'

type Json = Readonly<Record<string, unknown>>

/** Says that an OP does not offer a step, and what proves it. */
export class NotOffered extends Error {}

/** Says that an OP does something in a way that oxd does not take, where no error says so. */
export class NotTaken extends Error {}

/** What a step is given. */
export interface Place {
  readonly op: RealOp
  /** What the OP publishes. */
  readonly metadata: Json
  /** The flags with which the daemon reaches the OP. */
  readonly flags: readonly string[]
  /** Whether its clients are made by hand. */
  readonly by_hand: boolean
  /** Registers a client without oxd, as the metadata say, and returns the answer. */
  readonly register: (metadata: Json) => Promise<Json>
  /** An application with a registration of its own, or with the client that `settings` name. */
  readonly application: (settings?: SiteSettings) => Promise<Application>
}

export interface Subject {
  /** The OP, and how clients come to be there. */
  readonly title: string
  readonly op: RealOp
  /** Runs a step with a daemon of its own. @returns the quirks that were in force, and what the step says of itself */
  readonly visit: (
    step: (place: Place) => Promise<string | void>,
  ) => Promise<{ readonly quirks: readonly string[]; readonly note: string | undefined }>
}

export interface SubjectOptions {
  readonly op: RealOp
  /** For the CA of the OP. */
  readonly folder: string
  /** How clients come to be there, where there are several ways. */
  readonly clients?: string
  /** Makes the client by hand, where it is made so. */
  readonly makeClient?: (settings: SiteSettings) => Promise<{ client_id: string; client_secret: string }>
  /** Enters the address for front-channel logouts, which is known once the site is. */
  readonly tellLogout?: (client_id: string, frontchannel_logout_uri: string) => Promise<void>
  /** Milliseconds between two registrations, where the OP needs them. */
  readonly apart_ms?: number
  /** What an application has to say at this OP. */
  readonly settings?: SiteSettings
  /** What it has to say once more, in the OP's own words. */
  readonly custom?: (asked: SiteSettings) => Readonly<Record<string, string>>
}

const WELL_KNOWN = '/.well-known/openid-configuration'
/** Where oxd says that it went along with a deviation. */
const DEVIATION = 'goes along with a deviation'

export const createSubject = async (options: SubjectOptions): Promise<Subject> => {
  const { op, folder, clients, makeClient, apart_ms = 0 } = options
  const discovery = new URL(`${op.issuer.replace(/\/$/, '')}${WELL_KNOWN}`)
  const metadata = JSON.parse((await op.visitor().fetch(discovery)).body) as Json
  const flags = ['--trust-op', new URL(op.issuer).origin]
  if (op.ca !== undefined) {
    const file = join(folder, 'op-ca.pem')
    await writeFile(file, op.ca)
    flags.push('--op-ca', file)
  }
  let earliest = 0

  return {
    title: clients === undefined ? op.name : `${op.name}, ${clients}`,
    op,
    async visit(step) {
      const daemon = await atFreePort((port) => {
        const publicly = ['--public-url', `http://127.0.0.1:${port}`, '--public-port', String(port)]
        return startTestDaemon({ argv: [...flags, ...publicly, '--insecure-plain-http'] })
      })
      const applications: Application[] = []
      let ownNames: readonly string[] = []
      const inTurn = async <T>(registration: () => Promise<T>): Promise<T> => {
        await delay(Math.max(0, earliest - Date.now()))
        return registration().finally(() => (earliest = Date.now() + apart_ms))
      }
      const register: Place['register'] = (asked) =>
        inTurn(async () => {
          const url = new URL(String(metadata.registration_endpoint))
          const body = JSON.stringify(asked)
          const type = 'application/json'
          const answer = await op.visitor().send(url, { method: 'POST', accept: type, type, body })
          return JSON.parse(answer.body) as Json
        })
      const application: Place['application'] = async (settings = {}) => {
        const asked = {
          op_host: op.issuer,
          authorization_redirect_uri: REDIRECT,
          post_logout_redirect_uri: HOME,
          scope: ['openid', 'profile', 'email', 'offline_access'],
          grant_types: ['authorization_code', 'refresh_token'],
          ...options.settings,
          ...settings,
        }
        const custom_attributes = options.custom?.(asked) ?? {}
        const isCustom = Object.keys(custom_attributes).length > 0
        if (isCustom) ownNames = Object.keys(custom_attributes)
        const wanted = isCustom ? { ...asked, custom_attributes } : asked
        const oxd = new Client({ port: daemon.port, ...wanted }, { claims: 'native' })
        const made = applicationAt(op, oxd)
        applications.push(made)
        if (settings.client_id !== undefined) await oxd.registerSite()
        else if (makeClient === undefined) await inTurn(() => oxd.registerSite())
        else {
          const { client_id, client_secret } = await makeClient(wanted)
          await oxd.registerSite({ client_id, client_secret })
          const { node } = await oxd.getRp({})
          const { frontchannel_logout_uri } = node as { frontchannel_logout_uri: string }
          await options.tellLogout?.(client_id, frontchannel_logout_uri)
        }
        return made
      }
      let note: string | undefined
      try {
        note =
          (await step({ op, metadata, flags, by_hand: makeClient !== undefined, register, application })) ??
          undefined
      } finally {
        await Promise.all(applications.map(({ oxd }) => oxd.close()))
        await daemon.close()
      }
      const deviations = daemon.log.filter(({ message }) => message === DEVIATION)
      const named = ownNames.map((name) => `\`${name}\``).join(', ')
      const own = named === '' ? note : `Its own names are wanted, too (\`custom_attributes\`): ${named}.`
      return { quirks: deviations.map(({ fields }) => String(fields.quirk)), note: own }
    },
  }
}

/** @throws NotOffered unless the metadata of the OP has this member, and, where one is asked for, this value in its list */
export const requireOffered = (
  { metadata }: Pick<Place, 'metadata'>,
  member: string,
  value?: string,
): void => {
  const found = metadata[member]
  if (found === undefined || found === false) throw new NotOffered(`Its metadata has no \`${member}\`.`)
  if (value !== undefined && !(Array.isArray(found) && found.includes(value)))
    throw new NotOffered(`Its \`${member}\` lacks \`${value}\`.`)
}
