// Webhooks: the ends of logins are posted to the application, as Standard Webhooks has it.
//
// A message is written in one commit with the end of the login, so it outlives the process. It is claimed before each try, so
// of several processes on one store one sends it. The journal of get_ended_logins has all that a webhook may lose.
// @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createHmac } from 'node:crypto'
import type { Ended, News } from './ended_logins.ts'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import { addressKind, isLocalName } from './oidc/address.ts'
import type { Door } from './oidc/http.ts'
import type { Site, Sites } from './site.ts'
import type { Store, Write } from './store/store.ts'
import { seconds, type World } from './world.ts'

/** Seconds from each try to the next; with the longest jitter 10 tries are over within 24 h. */
const PAUSES_SECONDS = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 32_400] as const
/** A pause is longer by up to this share, so that what failed together does not come back together. */
const JITTER_SHARE = 0.1

const SECRET_PREFIX = 'whsec_'
const SECRET_BYTES = 32

/** Why a webhook is off: its receiver is gone for good (410), or its origin is no longer one of the site. */
export type OffWhy = 'gone' | 'foreign_origin'

interface Webhook {
  readonly uri: string
  readonly secret: string
  /** Signs as well until then, so that the receiver can change over. */
  readonly previous: { readonly secret: string; readonly until: number } | null
  readonly off: { readonly why: OffWhy; readonly at: number } | null
}

interface Message {
  readonly oxd_id: string
  readonly ended: Ended
  readonly tries: number
  /** Seconds since the epoch: not to be sent before then. */
  readonly next_at: number
}

/** What is asked of a webhook; what is absent stays. */
export interface WebhookChange {
  /** Switches on one that is off, too. */
  readonly uri?: string | undefined
  readonly rotate?: boolean | undefined
  readonly remove?: boolean | undefined
}

export interface ShownWebhook {
  readonly uri: string
  readonly off: Webhook['off']
  /** Messages that wait, and that were given up or had no room since oxd was started. */
  readonly waiting: number
  readonly dropped: number
}

export interface Webhooks extends News {
  /** Refuses what `change` would refuse, before anything is done. @throws OxdError as `change` does */
  check(redirect_uris: readonly string[], change: WebhookChange): void
  /**
   * @returns the secret, if it is a new one: it is not shown again
   * @throws OxdError foreign_logout_webhook_uri, restricted_logout_webhook_uri, no_logout_webhook
   */
  change(site: Site, change: WebhookChange): Promise<string | null>
  show(oxd_id: string): Promise<ShownWebhook | undefined>
  forget(oxd_id: string): Promise<void>
  /** Finds what was not sent yet, also by other processes. */
  load(): Promise<void>
  /** Sends what is due; resolves when that has been tried. */
  send(): Promise<void>
}

export interface WebhookParts {
  readonly store: Store
  readonly sites: Pick<Sites, 'get'>
  /** Goes to public addresses and to those of `--allow-webhook` alone. */
  readonly door: Pick<Door, 'request'>
  readonly allow_webhook: readonly string[]
  readonly world: World
  readonly limits: Limits
}

/** @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme */
const signature = (secret: string, signed: string): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64'))
    .update(signed)
    .digest('base64')}`

const originOf = (uri: string): string => new URL(uri).origin

export const createWebhooks = ({
  store,
  sites,
  door,
  allow_webhook,
  world,
  limits,
}: WebhookParts): Webhooks => {
  const webhooks = store.kind<Webhook>({ kind: 'webhook', durable: true })
  const messages = store.kind<Message>({ kind: 'webhook_message', durable: true })
  const allowed = new Set(allow_webhook.map(originOf))
  /** What waits: of each site its logins, and when each is due. */
  const queue = new Map<string, Map<string, number>>()
  let waiting = 0
  const sending = new Set<string>()
  const dropped = new Map<string, number>()

  const enqueue = (oxd_id: string, login_id: string, next_at: number): void => {
    const ofSite = queue.get(oxd_id) ?? new Map<string, number>()
    if (!ofSite.has(login_id)) waiting += 1
    ofSite.set(login_id, next_at)
    queue.set(oxd_id, ofSite)
  }
  const dequeue = (oxd_id: string, login_id: string): void => {
    const ofSite = queue.get(oxd_id)
    if (ofSite?.delete(login_id) === true) waiting -= 1
    if (ofSite?.size === 0) queue.delete(oxd_id)
  }
  const log = (outcome: string, oxd_id: string, more: Readonly<Record<string, number>> = {}): void =>
    world.log('warn', 'webhook', { site: oxd_id.slice(0, 8), outcome, ...more })
  const drop = (oxd_id: string, why: string): void => {
    const count = (dropped.get(oxd_id) ?? 0) + 1
    dropped.set(oxd_id, count)
    log(why, oxd_id, { dropped: count })
  }

  const newSecret = (): string => `${SECRET_PREFIX}${world.random(SECRET_BYTES).toString('base64')}`
  const pauseAfter = (tries: number): number => {
    const jitter = 1 + (JITTER_SHARE * world.random(2).readUInt16BE()) / 0xffff
    return Math.ceil((PAUSES_SECONDS[tries - 1] ?? 0) * jitter)
  }

  const check: Webhooks['check'] = (redirect_uris, { uri }) => {
    if (uri === undefined) return
    const { origin, protocol, hostname } = new URL(uri)
    if (!redirect_uris.some((redirect_uri) => originOf(redirect_uri) === origin))
      throw new OxdError('foreign_logout_webhook_uri')
    if (allowed.has(origin)) return
    const host = hostname.replace(/^\[|\]$/g, '')
    const isNumber = /^[\d.]+$/.test(host) || host.includes(':')
    if (protocol !== 'https:' || isLocalName(host) || (isNumber && addressKind(host) !== 'public'))
      throw new OxdError('restricted_logout_webhook_uri', { what: `Its origin is ${origin}.` })
  }

  /** Whether it was taken; what is thrown is why it was not. */
  const post = async ({ uri, secret, previous }: Webhook, { ended }: Message): Promise<number> => {
    const { at, ...login } = ended
    const body = JSON.stringify({
      type: 'login.ended',
      timestamp: new Date(at * 1_000).toISOString(),
      data: { ...login, ended_at: at },
    })
    // A login ends once, so its name is that of the message: over all tries, and over a store that was put back.
    const id = `ended_${ended.login_id}`
    const timestamp = seconds(world)
    const signing = [secret, ...(previous !== null && timestamp < previous.until ? [previous.secret] : [])]
    const { status } = await door.request({
      step: 'webhook',
      url: uri,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signing.map((one) => signature(one, `${id}.${timestamp}.${body}`)).join(' '),
      },
      body,
    })
    return status
  }

  const switchOff = async (oxd_id: string, why: OffWhy): Promise<void> => {
    await webhooks.update([oxd_id], (webhook) => ({ ...webhook, off: { why, at: seconds(world) } }))
    log(why, oxd_id)
  }

  const sendOne = async (oxd_id: string, login_id: string): Promise<void> => {
    const id = [oxd_id, login_id]
    const done = async (): Promise<void> => {
      dequeue(oxd_id, login_id)
      await messages.remove(id)
    }
    const found = await messages.get(id)
    // Sent by another process, or given up with its time.
    if (found === undefined) return dequeue(oxd_id, login_id)
    const message = { ...found.value, tries: found.value.tries + 1 }
    if (found.value.next_at > seconds(world)) return enqueue(oxd_id, login_id, found.value.next_at)
    const webhook = (await webhooks.get([oxd_id]))?.value
    // It has had its last try, and the process that made it is no more, or is at it.
    if (webhook === undefined || webhook.off !== null || found.value.tries > PAUSES_SECONDS.length)
      return done()
    const site = await sites.get(oxd_id)
    if (!site?.settings.redirect_uris.some((uri) => originOf(uri) === originOf(webhook.uri))) {
      await switchOff(oxd_id, 'foreign_origin')
      return done()
    }
    const next_at = seconds(world) + pauseAfter(message.tries)
    const claimed = await store.commit([messages.writes.swap(id, found, { ...message, next_at })])
    enqueue(oxd_id, login_id, next_at)
    if (!claimed) return undefined
    let outcome: string
    try {
      const status = await post(webhook, message)
      if (status >= 200 && status < 300) return await done()
      if (status === 410) {
        await switchOff(oxd_id, 'gone')
        return await done()
      }
      outcome = `status ${status}`
    } catch (error) {
      if (!(error instanceof OxdError)) throw error
      if (error.code === 'shutting_down') return undefined
      outcome = error.code
    }
    log(outcome, oxd_id, { tries: message.tries })
    if (message.tries <= PAUSES_SECONDS.length) return undefined
    drop(oxd_id, 'given up')
    return done()
  }

  const send: Webhooks['send'] = async () => {
    const now = seconds(world)
    const begun: Promise<void>[] = []
    for (const [oxd_id, ofSite] of queue) {
      let ofSiteSending = [...ofSite.keys()].filter((login_id) => sending.has(`${oxd_id} ${login_id}`)).length
      for (const [login_id, next_at] of ofSite) {
        if (sending.size >= limits.webhook_sends_max || ofSiteSending >= limits.webhook_site_sends_max) break
        const name = `${oxd_id} ${login_id}`
        if (next_at > now || sending.has(name)) continue
        sending.add(name)
        ofSiteSending += 1
        begun.push(
          sendOne(oxd_id, login_id)
            // The text of an error that nobody foresaw may hold a secret.
            .catch((error: unknown) => log(error instanceof OxdError ? error.code : 'failed', oxd_id))
            .finally(() => sending.delete(name)),
        )
      }
    }
    await Promise.all(begun)
  }

  return {
    check,
    send,

    async write(oxd_id, ended) {
      const nothing = { writes: [] as readonly Write[], written() {} }
      const webhook = (await webhooks.get([oxd_id]))?.value
      if (webhook === undefined || webhook.off !== null) return nothing
      if (
        waiting >= limits.webhook_messages_max ||
        (queue.get(oxd_id)?.size ?? 0) >= limits.webhook_site_messages_max
      )
        return { ...nothing, written: () => drop(oxd_id, 'no room') }
      const next_at = seconds(world)
      const message: Message = { oxd_id, ended, tries: 0, next_at }
      const kept = { expires_at: next_at + limits.webhook_seconds }
      return {
        writes: [messages.writes.put([oxd_id, ended.login_id], message, kept)],
        written() {
          enqueue(oxd_id, ended.login_id, next_at)
          void send()
        },
      }
    },

    async change(site, change) {
      const { oxd_id } = site
      const { uri, rotate = false, remove = false } = change
      check(site.settings.redirect_uris, change)
      if (remove) {
        await webhooks.remove([oxd_id])
        return null
      }
      if (uri !== undefined) {
        const secret = newSecret()
        if (await webhooks.insert([oxd_id], { uri, secret, previous: null, off: null })) return secret
        await webhooks.update([oxd_id], (webhook) => ({ ...webhook, uri, off: null }))
      }
      if (!rotate) return null
      const secret = newSecret()
      const until = seconds(world) + limits.webhook_rotation_seconds
      const changed = await webhooks.update([oxd_id], (webhook) => ({
        ...webhook,
        secret,
        previous: { secret: webhook.secret, until },
      }))
      if (changed === undefined) throw new OxdError('no_logout_webhook')
      return secret
    },

    async show(oxd_id) {
      const webhook = (await webhooks.get([oxd_id]))?.value
      if (webhook === undefined) return undefined
      const { uri, off } = webhook
      return { uri, off, waiting: queue.get(oxd_id)?.size ?? 0, dropped: dropped.get(oxd_id) ?? 0 }
    },

    forget: (oxd_id) => webhooks.remove([oxd_id]),

    async load() {
      for await (const { value } of messages.list()) {
        const { oxd_id, ended, next_at } = value
        if (queue.get(oxd_id)?.has(ended.login_id) !== true) enqueue(oxd_id, ended.login_id, next_at)
      }
    },
  }
}
