// Puts what a run measured between the markers of its name in a document.
import { readFileSync, writeFileSync } from 'node:fs'

/** Replaces what stands between `<!-- name: … -->` and `<!-- /name -->`. @throws Error where the document has no markers */
export const writePart = (file: string, name: string, part: string): void => {
  const text = readFileSync(file, 'utf8')
  const found = new RegExp(`(<!-- ${name}: [^>]*-->)[^]*(<!-- /${name} -->)`).exec(text)
  const [whole, start, end] = found ?? []
  if (whole === undefined) throw new Error(`${file} has no markers of ${name}.`)
  writeFileSync(
    file,
    text.replace(whole, () => `${start}\n\n${part}\n\n${end}`),
  )
}
