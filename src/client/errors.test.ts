import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMANDS } from '../daemon.ts'
import { ERRORS } from '../error.ts'
import {
  ERROR_CLASSES,
  InvalidRequestError,
  InvalidTicketError,
  NeedInfoError,
  OxdError,
  ProtectionError,
  oxdError,
} from './errors.ts'

/** What an OP or a browser is refused with, and no application hears. */
const AT_PUBLIC_LISTENER =
  /^(invalid_logout_(token_.+|request)|invalid_jwt_type|unknown_public_id|foreign_logout)$/

const made = (code: string, details?: unknown) => oxdError('uma_rp_get_rpt', code, 'No. [ref A-1]', details)

test('every code of the table is one of oxd', () => {
  for (const code of ERROR_CLASSES.keys()) assert.ok(Object.hasOwn(ERRORS, code), code)
})

test('what the clients of 3.1 had exceptions for has one class here, whatever it is called inside', () => {
  const classes: Readonly<Record<string, typeof OxdError>> = {
    need_info: NeedInfoError,
    invalid_ticket: InvalidTicketError,
    invalid_request: InvalidRequestError,
  }
  const declared = new Set<string>(COMMANDS.flatMap(({ errors }) => errors))
  for (const [code, { wire }] of Object.entries(ERRORS)) {
    if (AT_PUBLIC_LISTENER.test(code)) {
      assert.ok(!declared.has(code) && !ERROR_CLASSES.has(code), code)
      continue
    }
    const wanted =
      classes[wire] ?? (/protection_access_token|^no_setup_client/.test(wire) ? ProtectionError : undefined)
    if (wanted !== undefined) assert.ok(made(code) instanceof wanted, code)
  }
})

test('a class of its own is an OxdError with all that one has, and its name', () => {
  const error = made('invalid_ticket', { ref: 'A-1' })
  assert.ok(error instanceof InvalidTicketError && error instanceof OxdError)
  assert.deepEqual(
    [error.name, error.code, error.command, error.description, error.details, error.message],
    [
      'InvalidTicketError',
      'invalid_ticket',
      'uma_rp_get_rpt',
      'No. [ref A-1]',
      { ref: 'A-1' },
      'uma_rp_get_rpt: invalid_ticket: No. [ref A-1]',
    ],
  )
  for (const code of ['invalid_state', 'constructor', '__proto__', 'of a later daemon']) {
    assert.equal(made(code).constructor, OxdError)
    assert.equal(made(code).name, 'OxdError')
  }
})

test('what the authorization server wants to know', () => {
  const required_claims = [{ name: 'country', friendly_name: 'country', issuer: ['https://login.acme.test'] }]
  const details = {
    error: 'need_info',
    ticket: 't-10',
    required_claims,
    redirect_user: 'https://as/gather',
    ref: 'A',
  }
  const error = made('need_info', details)
  assert.ok(error instanceof NeedInfoError)
  assert.deepEqual(
    [error.ticket, error.required_claims, error.redirect_user],
    ['t-10', required_claims, 'https://as/gather'],
  )
  for (const nothing of [
    undefined,
    null,
    'text',
    [],
    { ticket: null, required_claims: 'x', redirect_user: 7 },
  ]) {
    const empty = made('need_info', nothing)
    assert.ok(empty instanceof NeedInfoError)
    assert.deepEqual([empty.ticket, empty.required_claims, empty.redirect_user], ['', [], undefined])
  }
})
