import assert from 'node:assert/strict'
import { test } from 'node:test'
import { html as markup } from './html.ts'

// Under another name, because the formatter rearranges templates called html, and here each blank counts.

const HOSTILE = `"><script>alert('1')</script>&\``

test('what is put in is escaped, in text and in quoted attributes', () => {
  assert.equal(
    markup`<p title="${HOSTILE}">${HOSTILE}</p>`.toString(),
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#96;">&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#96;</p>',
  )
})

test('templates nest and are not escaped twice; lists are joined; nothing leaves nothing', () => {
  const items = ['a<b', 'c'].map((item) => markup`<li>${item}</li>`)
  assert.equal(markup`<ul>${items}</ul>`.toString(), '<ul><li>a&lt;b</li><li>c</li></ul>')
  assert.equal(markup`[${undefined}${null}${false}${0}${''}]`.toString(), '[0]')
})

test('an object that only looks like a template is text', () => {
  const forged = { toString: () => '<script>' }
  // @ts-expect-error -- TypeScript refuses it; at run time it is escaped all the same
  assert.equal(markup`${forged}`.toString(), '&lt;script&gt;')
})
