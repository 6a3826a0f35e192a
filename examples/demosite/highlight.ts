// TypeScript with its words coloured, made on the server: the pages carry no script.
import { html } from './html.ts'
import type { Html } from './html.ts'

/** One alternative a kind of word, tried from left to right; the group's name is the class of the span. */
const WORDS = new RegExp(
  [
    String.raw`(?<comment>//[^\n]*|/\*[\s\S]*?\*/)`,
    String.raw`(?<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|${'`'}(?:[^${'`'}\\]|\\.)*${'`'})`,
    String.raw`(?<keyword>\b(?:import|export|from|const|let|return|await|async|new|if|else|throw|try|catch|finally|for|of|in|typeof|instanceof|function|undefined|true|false|null)\b)`,
    String.raw`(?<call>\b[A-Za-z_]\w*(?=\())`,
    String.raw`(?<number>\b\d[\d_]*\b)`,
  ].join('|'),
  'g',
)

/** The code with spans of the classes `comment`, `text`, `keyword`, `call` and `number`. */
export const highlight = (code: string): Html => {
  const parts: (Html | string)[] = []
  let end = 0
  for (const match of code.matchAll(WORDS)) {
    const kind = Object.entries(match.groups ?? {}).find(([, word]) => word !== undefined)?.[0]
    parts.push(code.slice(end, match.index), html`<span class="${kind}">${match[0]}</span>`)
    end = match.index + match[0].length
  }
  return html`${[...parts, code.slice(end)]}`
}

/** The lines between `// #region name` and `// #endregion`, moved to the left edge. */
export const region = (source: string, name: string): string => {
  const lines = source.split('\n')
  const from = lines.findIndex((line) => line.trim() === `// #region ${name}`)
  const length = lines.slice(from + 1).findIndex((line) => line.trim() === '// #endregion')
  if (from < 0 || length < 0) throw new Error(`the source has no region ${name}`)
  const inside = lines.slice(from + 1, from + 1 + length)
  const indents = inside.filter((line) => line.trim() !== '').map((line) => line.search(/\S/))
  return inside
    .map((line) => line.slice(Math.min(...indents)))
    .join('\n')
    .trim()
}
