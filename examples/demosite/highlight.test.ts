import assert from 'node:assert/strict'
import { test } from 'node:test'
import { highlight, region } from './highlight.ts'

test('words are coloured, and every character of the code is still there', () => {
  const code = "// a <comment>\nconst x = await call('it\\'s', 303) // end\nreturn `a${x}`\n"
  const shown = highlight(code).toString()
  assert.match(shown, /<span class="comment">\/\/ a &lt;comment&gt;<\/span>/)
  assert.match(shown, /<span class="keyword">await<\/span> <span class="call">call<\/span>/)
  assert.match(shown, /<span class="text">&#39;it\\&#39;s&#39;<\/span>/)
  assert.match(shown, /<span class="number">303<\/span>/)
  const text = shown
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&#96;', '`')
  assert.equal(text, code)
})

test('a region is what stands between its marks, moved to the left', () => {
  const source = 'x\n    // #region one\n    a {\n\n      b\n    }\n    // #endregion\ny\n'
  assert.equal(region(source, 'one'), 'a {\n\n  b\n}')
  assert.throws(() => region(source, 'two'), /no region two/)
})
