import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, OxdError } from 'oxd-client'
import { Refusal, standIn } from './testing.ts'
import { refusalShown, short, watched } from './uma_trace.ts'
import type { Exchange } from './uma_trace.ts'

const SECRET = 'a-secret-of-many-characters'

test('of a secret the beginning is shown, and never more than half', () => {
  assert.equal(short(SECRET), 'a-secr…')
  assert.equal(short('abcd'), 'ab…')
  assert.equal(short(''), '…')
})

test('what is sent and what comes is shown without its secrets, wherever they stand', async () => {
  await using oxd = await standIn()
  oxd.answers['uma_rp_get_rpt'] = () => ({
    access_token: SECRET,
    pct: SECRET,
    updated: false,
    redirect_user: `https://as.example.com/x?ticket=${SECRET}&country=NL`,
    'www-authenticate_header': `UMA realm="rs",ticket="${SECRET}"`,
    nested: [{ ticket: SECRET, state: SECRET }],
  })
  const client = new Client({ host: '127.0.0.1', port: oxd.port, oxd_id: 'x' })
  let shown: Exchange | undefined
  const reply = await watched(client, (exchange) => (shown = exchange)).umaRpGetRpt({
    ticket: SECRET,
    state: SECRET,
    pct: undefined,
  })
  await client.close()
  assert.equal(reply.access_token, SECRET, 'the caller has the whole of it')
  assert.equal(shown?.command, 'uma_rp_get_rpt')
  assert.equal(shown?.sent, '{ "ticket": "a-secr…", "state": "a-secr…" }')
  assert.match(shown?.came ?? '', /country=NL/)
  assert.ok(!JSON.stringify(shown).includes(SECRET))
})

test('a refusal is shown by its code, beside what was asked', async () => {
  await using oxd = await standIn()
  oxd.answers['uma_rp_get_rpt'] = () => {
    throw new Refusal('request_denied', 'No.')
  }
  const client = new Client({ host: '127.0.0.1', port: oxd.port, oxd_id: 'x' })
  let asked: Exchange | undefined
  const error: unknown = await watched(client, (exchange) => (asked = exchange))
    .umaRpGetRpt({ ticket: SECRET })
    .catch((thrown: unknown) => thrown)
  await client.close()
  assert.ok(error instanceof OxdError)
  const shown = refusalShown(error, asked)
  assert.deepEqual(
    [shown.sent, shown.came, shown.refused, shown.description],
    ['{ "ticket": "a-secr…" }', '{ "error": "request_denied" }', true, 'No.'],
  )
})
