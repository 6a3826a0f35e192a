// The commands of an HTTP listener as a page for people: one file without script that asks no other host for anything.
import { createHash } from 'node:crypto'
import type { AnyCommand } from '../command.ts'
import { ERRORS } from '../error.ts'
import { WIRES, type Published } from './openapi.ts'
import { paramsSchema, REPLY_SCHEMAS, type Json } from './openapi_schemas.ts'
import { STYLE } from './page_style.ts'
import { namesOf, pathOf } from './paths.ts'

export interface Page {
  readonly html: string
  /** The Content-Security-Policy with which it is to be sent: nothing may run, nothing may be fetched. */
  readonly policy: string
}

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
/** What stands between backticks in a description is code. */
const prose = (text: unknown): string => escaped(String(text)).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
const code = (text: string): string => `<code>${escaped(text)}</code>`
const block = (value: Json): string => `<pre><code>${escaped(JSON.stringify(value, null, 2))}</code></pre>`

const typeName = (schema: Json): string => {
  const { type, anyOf, items, additionalProperties } = schema
  // JSON Schemas that openapi_schemas.ts has made of fields: these members are what the specification says.
  if (Array.isArray(anyOf)) return (anyOf as readonly Json[]).map(typeName).join(' or ')
  if (Array.isArray(type)) return type.join(' or ')
  if (type === 'array') return items === undefined ? 'list' : `list of ${plural(typeName(items as Json))}`
  if (
    type === 'object' &&
    typeof additionalProperties === 'object' &&
    Object.keys(Object(additionalProperties)).length > 0
  ) {
    return `object of ${plural(typeName(additionalProperties as Json))}`
  }
  return typeof type === 'string' ? type : 'any'
}
const plural = (name: string): string => (name === 'any' ? 'anything' : name.replace(/^(\w+)/, '$1s'))

const row = (name: string, facts: readonly string[], meaning: string): string =>
  `<div><dt>${code(name)}<span>${facts.map(escaped).join(', ')}</span></dt><dd>${meaning}</dd></div>`
const rows = (all: readonly string[]): string => `<dl>${all.join('')}</dl>`

interface Members {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}
const members = (schema: Json, absent: string): Members => {
  const { properties, required } = schema
  const entries = Object.entries(Object(properties) as Record<string, Json>)
  const isRequired = (name: string): boolean => Array.isArray(required) && required.includes(name)
  const shown = ([name, field]: readonly [string, Json]): string =>
    row(name, isRequired(name) ? [typeName(field)] : [typeName(field), absent], prose(field['description']))
  return {
    required: entries.filter(([name]) => isRequired(name)).map(shown),
    optional: entries.filter(([name]) => !isRequired(name)).map(shown),
  }
}

/** So many rows are read at a glance; more wait behind a line. */
const ROWS_AT_ONCE = 8

const parameters = (command: AnyCommand): string => {
  const { required, optional } = members(paramsSchema(command), 'optional')
  const all = [...required, ...optional]
  if (all.length === 0) return '<p>None.</p>'
  if (all.length <= ROWS_AT_ONCE) return rows(all)
  const rest = `<details><summary>${optional.length} optional parameters</summary>${rows(optional)}</details>`
  return required.length === 0 ? rest : `${rows(required)}${rest}`
}

const reply = (command: AnyCommand, dialect: 'v3' | 'v4'): string => {
  const { required, optional } = members(REPLY_SCHEMAS[dialect](command), 'left out if empty')
  const all = [...required, ...optional]
  return all.length === 0
    ? `<p>${dialect === 'v3' ? 'Nothing: <code>null</code>.' : 'An object.'}</p>`
    : rows(all)
}

const errors = ({ errors: codes }: AnyCommand, dialect: 'v3' | 'v4'): string =>
  rows(
    codes.map((each) =>
      row(
        WIRES[dialect].code(each),
        dialect === 'v4' ? [String(ERRORS[each].http)] : [],
        prose(ERRORS[each].message),
      ),
    ),
  )

const examples = (command: AnyCommand, dialect: 'v3' | 'v4'): string =>
  command.examples
    .map(
      ({ what, params, result }) =>
        `<figure><figcaption>${prose(what)}</figcaption><div class="pair"><div><p class="label">Request</p>${block(
          params,
        )}</div><div><p class="label">Reply</p>${block(WIRES[dialect].reply(command, result))}</div></div></figure>`,
    )
    .join('')

/** Who may call, where commands are protected. */
const WHO: Readonly<Record<AnyCommand['access'], string | undefined>> = {
  site: 'needs the token of the site',
  caller: 'needs a token',
  op: 'without a token only for allowed OPs',
  client: 'without a token only for allowed OPs and known clients',
  public: undefined,
}

const section = (title: string, content: string): string => `<h3>${title}</h3>${content}`

const article = (command: AnyCommand, { dialect, protected: isProtected }: Published): string => {
  const { name, summary, since, get, spec } = command
  const who = isProtected ? WHO[command.access] : undefined
  const routes = [
    ...namesOf(command).map((each) => ['POST', pathOf(each)] as const),
    ...(get === undefined ? [] : [['GET', get.path] as const]),
  ].map(([method, path]) => `<code class="route"><b>${method}</b> ${escaped(path)}</code>`)
  return [
    `<article id="${name}" aria-labelledby="${name}-name"><h2 id="${name}-name"><a href="#${name}">${name}</a></h2>`,
    `<div class="routes">${routes.join('')}${who === undefined ? '' : `<span class="who">${who}</span>`}</div>`,
    `<p>${prose(summary)} <span class="version">Since oxd ${escaped(since)}.</span></p>`,
    section('Parameters', parameters(command)),
    section('Reply', reply(command, dialect)),
    ...(command.examples.length > 0 ? [section('Examples', examples(command, dialect))] : []),
    ...(command.errors.length > 0 ? [section('Errors of its own', errors(command, dialect))] : []),
    ...(spec.length > 0
      ? [
          `<details><summary>Specifications</summary><ul class="specs">${spec
            .map((url) => `<li><a href="${escaped(url)}" rel="noreferrer">${escaped(url)}</a></li>`)
            .join('')}</ul></details>`,
        ]
      : []),
    '</article>',
  ].join('\n')
}

/** The page of a listener. */
export const commandsPage = (published: Published): Page => {
  const { commands, dialect, version, protected: isProtected } = published
  const { title, description } = WIRES[dialect]
  const list = `<ul>${commands.map(({ name }) => `<li><a href="#${name}">${name}</a></li>`).join('')}</ul>`
  const token = isProtected
    ? 'Commands are protected: send <code>Authorization: Bearer</code> with a token of <code>get_client_token</code>, or with a caller key of <code>oxd callers add</code>.'
    : 'Commands are not protected: whoever reaches this port may give them.'
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#commands">Skip to the commands</a>
<div class="frame columns">
<nav class="side" aria-label="Commands"><h2>Commands</h2>${list}</nav>
<div>
<header>
<h1>${escaped(title)} <span class="version">${escaped(version)}</span></h1>
<p>${prose(description)}</p>
<p>${token} Parameters go as JSON (<code>Content-Type: application/json</code>) in the body of a POST. For programs: <a href="/openapi.json">openapi.json</a>.</p>
</header>
<details class="contents"><summary>Commands</summary><nav aria-label="Commands, in short">${list}</nav></details>
<main id="commands" tabindex="-1">
${commands.map((command) => article(command, published)).join('\n')}
</main>
<footer>Beside its own errors every command has those of the request, of the caller and of the OP; each names the parameter or the step, and ends in a reference that is also in the log of oxd.</footer>
</div>
</div>
</body>
</html>
`
  return { html, policy: POLICY }
}
