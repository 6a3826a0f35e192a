// The documentation, held against the code that it speaks of.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COMMANDS } from '../daemon.ts'
import { ERRORS } from '../error.ts'
import { metaOf, readParams } from '../params.ts'
import { commandPage, errorPage, indexPage, settingsTable } from './docs.ts'

describe('the pages of the commands', () => {
  for (const command of COMMANDS) {
    it(`${command.name}: its examples are valid requests and replies`, () => {
      assert.ok(command.examples.length > 0)
      for (const { params, result } of command.examples) {
        const read = readParams(command.params, params)
        for (const name of Object.keys(params)) assert.notEqual(read[name], undefined, name)
        const known = { ...command.result, ...command.v4, ...command.more }
        for (const name of Object.keys(result)) assert.ok(name in known, name)
        for (const [name, schema] of Object.entries(command.result)) {
          assert.ok(name in result || metaOf(schema).omitted, name)
        }
      }
    })

    it(`${command.name}: its page names everything, and says what it is`, () => {
      const page = commandPage(command)
      for (const [name, schema] of Object.entries({
        ...command.params,
        ...command.result,
        ...command.more,
      })) {
        assert.ok(page.includes(`\`${name}\``), name)
        assert.ok(metaOf(schema).description.length > 10, name)
      }
      for (const code of command.errors)
        assert.ok(page.includes(ERRORS[code].message.replaceAll('|', '\\|')), code)
      for (const url of command.spec)
        assert.match(url, /^https:\/\/(openid\.net|www\.rfc-editor\.org|docs\.kantarainitiative\.org)\//)
      assert.ok(indexPage(COMMANDS).includes(`(${command.name}.md)`))
      assert.doesNotMatch(page, /\| (?:\w+ or )*any /, 'a type that has no name')
    })
  }

  it('name the types of what may be written in two ways', () => {
    const page = COMMANDS.filter(({ name }) => name === 'register_site')
      .map(commandPage)
      .join('')
    for (const [name, type] of [
      ['client_secret_expires_at', 'number or string'],
      ['jwks', 'string or object'],
    ])
      assert.ok(page.includes(`| \`${name}\` | ${type} |`), name)
  })

  it('list every error and every setting', () => {
    for (const code of Object.keys(ERRORS)) assert.ok(errorPage().includes(`\`${code}\``), code)
    assert.match(settingsTable(), /`--trust-op ORIGIN` \| `OXD_TRUST_OP` \| `trust_op`/)
  })
})

describe('the table of errors', () => {
  it('says in each message what is wrong, as a sentence', () => {
    for (const [code, { message, wire, http }] of Object.entries(ERRORS)) {
      assert.match(message, /^[\w"].{10,}\.$/, code)
      assert.match(wire, /^[a-z_]+$/, code)
      assert.ok(http >= 400 && http < 600, code)
    }
  })
})
