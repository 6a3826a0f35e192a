// HTML that is safe by default: what is put into the template is escaped, unless it was made by the template itself.

/** Text that is HTML already. Only `html` makes it, so nothing from outside can pass for it. */
export class Html {
  readonly #text: string
  constructor(strings: readonly string[], values: readonly HtmlValue[]) {
    this.#text = strings.map((part, index) => part + render(values[index])).join('')
  }
  toString(): string {
    return this.#text
  }
}

/** `undefined`, `null` and `false` leave nothing behind, so that `condition && html…` reads well. */
export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** For text and for quoted attributes. */
const escape = (text: string): string => text.replace(/[&<>"'`]/g, (sign) => ENTITIES[sign] ?? '')

const isList = (value: HtmlValue): value is readonly HtmlValue[] => Array.isArray(value)

const render = (value: HtmlValue): string => {
  if (value === undefined || value === null || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (isList(value)) return value.map(render).join('')
  return escape(String(value))
}

/** html`<p>${claim}</p>`: the claim is escaped; a nested html`…` and lists of them are not escaped twice. */
export const html = (strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html =>
  new Html(strings, values)
