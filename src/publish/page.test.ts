// The page of the commands: whole, closed to the outside, and nothing in it that could run.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { AnyCommand } from '../command.ts'
import { COMMANDS } from '../daemon.ts'
import { commandsPage } from './page.ts'
import { namesOf, pathOf } from './paths.ts'

const given = { commands: COMMANDS, version: '9.9.9', protected: true }

for (const dialect of ['v3', 'v4'] as const) {
  describe(`the page of ${dialect}`, () => {
    const { html, policy } = commandsPage({ ...given, dialect })

    it('shows every command with its paths, parameters and examples', () => {
      for (const command of COMMANDS) {
        assert.ok(html.includes(`<article id="${command.name}"`), command.name)
        assert.ok(html.includes(`href="#${command.name}"`), command.name)
        for (const name of namesOf(command)) assert.ok(html.includes(`</b> ${pathOf(name)}<`), name)
        for (const name of Object.keys(command.params)) assert.ok(html.includes(`<code>${name}<`), name)
        for (const { what } of command.examples) {
          const plain = what.split('`')[0] ?? ''
          assert.ok(
            html.includes(plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')),
            what,
          )
        }
      }
    })

    it('allows itself its own style and nothing else', () => {
      const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? ''
      const hash = createHash('sha256').update(style).digest('base64')
      assert.deepEqual(policy.split('; '), [
        "default-src 'none'",
        `style-src 'sha256-${hash}'`,
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ])
      assert.doesNotMatch(html, /<script|<img|<link|<iframe|\sstyle=|\son\w+=|javascript:|url\(|@import/i)
    })
  })
}

describe('a page of hostile definitions', () => {
  it('shows them as text', () => {
    const [first] = COMMANDS
    assert.ok(first !== undefined)
    const evil = '<script>alert("x")</script>`</code><b>`&amp;'
    const command: AnyCommand = {
      ...first,
      summary: evil,
      since: evil,
      spec: [`https://example.com/"onclick="x`],
      examples: [{ what: evil, params: { oxd_id: evil }, result: { uri: evil } }],
    }
    const { html } = commandsPage({ ...given, commands: [command], dialect: 'v4' })
    assert.doesNotMatch(html, /<script|"onclick|<b>`/)
    assert.ok(html.includes('&amp;amp;'))
  })

  it('says whether commands are protected', () => {
    assert.match(commandsPage({ ...given, dialect: 'v4' }).html, /Commands are protected/)
    const open = commandsPage({ ...given, protected: false, dialect: 'v4' }).html
    assert.match(open, /Commands are not protected/)
    assert.doesNotMatch(open, /class="who"/)
  })
})
