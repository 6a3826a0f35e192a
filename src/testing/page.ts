// The pages of the OPs for people: plain HTML from the server, one style, no script. What is put into a page is escaped.
import { createHash } from 'node:crypto'

/** Text that is HTML already; only `html` makes it. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char)

type Insert = string | Html | false | readonly (string | Html)[]
const inserted = (value: Insert): string => {
  if (value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (value instanceof Html) return value.text
  return value.map(inserted).join('')
}
/** A template whose insertions are escaped, unless they are Html themselves. */
export const html = (parts: TemplateStringsArray, ...values: readonly Insert[]): Html =>
  new Html(parts.map((part, i) => part + inserted(values[i] ?? false)).join(''))

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #59636e; --paper: #f4f5f7; --card: #fff; --line: #d5d9de;
  --accent: #1f5fbf; --on-accent: #fff; --alarm: #a3211b; --alarm-paper: #fdf0ef }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #a3abb5; --paper: #14171a; --card: #1e2226; --line: #3a4148;
  --accent: #8ab4f8; --on-accent: #10233f; --alarm: #f5a9a4; --alarm-paper: #3a1f1e } }
* { box-sizing: border-box }
html { font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif; color: var(--ink); background: var(--paper) }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; padding: clamp(1.5rem, 10vh, 7rem) 1rem 2rem }
main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 2.25rem 2rem; overflow-wrap: anywhere }
header { width: 100%; max-width: 26rem; margin-bottom: 1rem; padding: 0 .25rem; color: var(--quiet); font-size: .875rem; display: flex; justify-content: space-between; gap: 1rem }
header b { color: var(--ink); font-weight: 600 }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; font-weight: 650; letter-spacing: -.01em }
p { margin: 0 0 1rem }
main > :last-child { margin-bottom: 0 }
.quiet { color: var(--quiet) }
.small { font-size: .875rem }
label { display: block; font-weight: 550; margin: 1.25rem 0 .375rem }
input { width: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: .625rem .75rem }
input + .small { margin-top: .5rem }
form { margin: 1.5rem 0 0 }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.75rem }
button { flex: 1 1 auto; white-space: nowrap; font: inherit; font-weight: 600; border-radius: 8px; padding: .6875rem 1rem; border: 1px solid var(--line); background: transparent; color: inherit; cursor: pointer }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
button:hover { border-color: var(--accent) }
button.main:hover { filter: brightness(1.08) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.alarm { color: var(--alarm); background: var(--alarm-paper); border-radius: 8px; padding: .625rem .75rem; margin: 1.25rem 0 0 }
ul { margin: 1.25rem 0; padding: 0; list-style: none; border-top: 1px solid var(--line) }
li { padding: .625rem 0; border-bottom: 1px solid var(--line) }
.demo { width: 100%; max-width: 26rem; margin-top: 1.25rem; padding: 0 .25rem; color: var(--quiet); font-size: .875rem }
.demo p { margin-bottom: .25rem }
code { font: .9375em ui-monospace, 'SF Mono', Menlo, Consolas, monospace; color: var(--ink) }
a { color: var(--accent) }
@media (max-width: 30rem) { main { padding: 1.75rem 1.25rem } body { padding-top: 1.5rem } }
`

/**
 * Content-Security-Policy of every answer. No script: `script-src` is empty, and oidc-provider adds the hash of its one
 * line when it must submit a form by itself (`response_mode=form_post`). `form-action` is left open on purpose:
 * browsers hold it against every redirect after a form, and these forms end at the client, wherever that sends its users.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  'script-src',
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join(';')

/** In one piece: the policy holds the hash of every character between the tags. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`)

/** A whole page, in the name of an OP. */
export const pageOf =
  (name: string, note: string) =>
  (title: string, body: Html, aside: Html | false = false): string =>
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title} · ${name}</title>
          ${STYLE_ELEMENT}
        </head>
        <body>
          <header><b>${name}</b><span>${note}</span></header>
          <main>${body}</main>
          ${aside}
        </body>
      </html> `.text
