// What was said to oxd and what it answered, fit for a page: every ticket, token and state cut short.
import type { Client, OxdError } from 'oxd-client'

/** One command and its answer. */
export interface Exchange {
  readonly command: string
  /** JSON. */
  readonly sent: string
  readonly came: string
  readonly refused: boolean
  /** What oxd says of a refusal, for people. */
  readonly description?: string
}

const SECRETS = new Set(['ticket', 'rpt', 'access_token', 'pct', 'state', 'claim_token'])
const ADDRESSES = new Set(['url', 'redirect_user'])

/** The beginning says which one it is; with the rest anybody could use it. */
const SHOWN = 6
export const short = (secret: string): string => `${secret.slice(0, Math.min(SHOWN, secret.length / 2))}…`

const shown = (name: string, value: unknown): unknown => {
  if (typeof value !== 'string') return value
  if (SECRETS.has(name)) return short(value)
  if (name === 'www-authenticate_header') {
    return value.replace(
      /(ticket=")([^"]*)/,
      (_all, before: string, ticket: string) => before + short(ticket),
    )
  }
  if (!ADDRESSES.has(name) || !URL.canParse(value)) return value
  const url = new URL(value)
  for (const [key, parameter] of url.searchParams) {
    if (SECRETS.has(key)) url.searchParams.set(key, short(parameter))
  }
  // As a person reads it.
  return decodeURIComponent(url.href)
}

/** What fits in a line of this many characters is written in one. */
const LINE = 52

/** JSON with two spaces a level, in fewer lines than JSON.stringify makes. */
const written = (value: unknown, indent = ''): string => {
  const line = JSON.stringify(value, undefined, 1).replaceAll(/\n */g, ' ')
  if (line.length + indent.length <= LINE || typeof value !== 'object' || value === null) return line
  const inner = `${indent}  `
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const items = Array.isArray(value)
    ? value.map((item) => written(item, inner))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${written(item, inner)}`)
  return `${open}\n${items.map((item) => inner + item).join(',\n')}\n${indent}${close}`
}

/** As it is sent: without what is undefined; and without what nobody but its owner should see. */
const json = (value: unknown = {}): string =>
  written(JSON.parse(JSON.stringify(value, (name, member: unknown) => shown(name, member))))

const commandOf = (method: string): string => method.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The library's own methods, each UMA command told to `keep` with its answer, or as sent if it was refused. */
export const watched = (client: Client, keep: (exchange: Exchange) => void): Client =>
  new Proxy(client, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function' || typeof name !== 'string' || !name.startsWith('uma')) return method
      return async (params: unknown) => {
        const exchange = { command: commandOf(name), sent: json(params) }
        keep({ ...exchange, came: '', refused: true })
        try {
          const reply: unknown = await method.call(target, params)
          keep({ ...exchange, came: json(reply), refused: false })
          return reply
        } catch (error) {
          if (hasDetails(error)) keep({ ...exchange, came: json(error.details), refused: true })
          throw error
        }
      }
    },
  })

const hasDetails = (error: unknown): error is { readonly details: object } =>
  error instanceof Error &&
  'details' in error &&
  typeof error.details === 'object' &&
  error.details !== null &&
  'ticket' in error.details

/** A refusal of oxd, beside what was asked. */
export const refusalShown = (error: OxdError, asked: Exchange | undefined): Exchange => ({
  command: error.command,
  sent: asked?.command === error.command ? asked.sent : '{}',
  came: json({ error: error.code }),
  refused: true,
  description: error.description,
})
