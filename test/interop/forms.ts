// The forms of a page, and a walk through pages of forms as a browser without script goes it.
import type { Page, Visitor } from '../../src/testing/dev_op/sign_in.ts'
import type { Callback } from './real_op.ts'

export interface Form {
  readonly action: URL
  readonly method: string
  /** What is sent when nothing is typed, without buttons. */
  readonly fields: Readonly<Record<string, string>>
  /** The names of all that may be typed or pressed. */
  readonly names: ReadonlySet<string>
}

/** Pages between a click and the way back; a login with consent takes eight. */
const PAGES_MAX = 20

const unescapeHtml = (text: string): string =>
  text
    .replaceAll(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

const attributes = (tag: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...tag.matchAll(/([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g)].map(
      ([, name = '', double, single, bare]) => [
        name.toLowerCase(),
        unescapeHtml(double ?? single ?? bare ?? ''),
      ],
    ),
  )

/** Inputs whose value is sent without anybody's doing. */
const isSent = ({ type = 'text', ...input }: Readonly<Record<string, string>>): boolean =>
  !['submit', 'button', 'image'].includes(type) &&
  (!['checkbox', 'radio'].includes(type) || 'checked' in input)

const inputsIn = (content: string): readonly Readonly<Record<string, string>>[] =>
  [...content.matchAll(/<(input|button|textarea)\b([^>]*)>/gi)].map(([, kind = '', own = '']) => ({
    ...(kind.toLowerCase() === 'button' ? { type: 'submit' } : {}),
    ...attributes(own),
  }))

export const formsIn = ({ url, body }: Page): readonly Form[] =>
  [...body.replaceAll(/<!--[\s\S]*?-->/g, '').matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(
    ([, tag = '', content = '']) => {
      const { action = '', method = 'get' } = attributes(tag)
      const named = inputsIn(content).flatMap((input) =>
        input.name === undefined ? [] : [{ ...input, name: input.name }],
      )
      return {
        action: new URL(action, url),
        method: method.toLowerCase(),
        fields: Object.fromEntries(named.filter(isSent).map(({ name, value = '' }: Input) => [name, value])),
        names: new Set(named.map(({ name }) => name)),
      }
    },
  )
interface Input {
  readonly name: string
  readonly value?: string
}

/** The pages that a page embeds. */
export const framesIn = ({ url, body }: Page): readonly URL[] =>
  [...body.matchAll(/<iframe\b([^>]*)>/gi)].flatMap(([, tag = '']) => {
    const { src = '' } = attributes(tag)
    return src === '' ? [] : [new URL(src, url)]
  })

const isAt = (url: URL, place: string): boolean => {
  const { origin, pathname } = new URL(place)
  return url.origin === origin && url.pathname === pathname
}

/** What a page brings to the client, if it leads there: a redirect, or a form that posts itself. */
export const callbackIn = (page: Page, redirect_uri: string): Callback | undefined => {
  if (page.location !== undefined)
    return isAt(page.location, redirect_uri) ? { url: page.location } : undefined
  const form = formsIn(page).find(({ action, method }) => method === 'post' && isAt(action, redirect_uri))
  return form && { url: form.action, form: new URLSearchParams(form.fields) }
}

/**
 * Fills in forms until the way leads to the client.
 * @param fill what a person types into this form or presses; undefined where it is not the one to fill in
 * @throws Error with the page at which nothing more can be done
 */
export const fillForms = async (
  first: Page,
  redirect_uri: string,
  visitor: Visitor,
  fill: (form: Form, page: Page) => Readonly<Record<string, string>> | undefined,
): Promise<Callback> => {
  let page = first
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const callback = callbackIn(page, redirect_uri)
    if (callback !== undefined) return callback
    const current = page
    const found = formsIn(page)
      .map((form) => ({ form, typed: fill(form, current) }))
      .find(({ typed }) => typed !== undefined)
    if (found === undefined) break
    const fields = new URLSearchParams({ ...found.form.fields, ...found.typed })
    if (found.form.method === 'post') page = await visitor.visit(found.form.action, fields)
    else {
      const url = new URL(found.form.action)
      for (const [name, value] of fields) url.searchParams.set(name, value)
      page = await visitor.visit(url)
    }
  }
  throw new Error(`the way ends at ${page.url.origin}${page.url.pathname} (${page.status}): ${textOf(page)}`)
}

/** The words of a page, for an error text. */
export const textOf = ({ body }: Page): string =>
  body
    .replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/gi, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
