// Every command on every transport with each credential: protected means that nothing is open that changes, reveals or fetches.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { COMMANDS } from '../src/daemon.ts'
import { accessPage, isProtected, tryEverything, type Tried } from './access.ts'

/** What is open to anybody for an allowed OP, since the administrator said so. */
const OPEN_FOR_ALLOWED = new Set(['op', 'client'])

const NOT_UNDERSTOOD = new Set([
  'missing_parameter',
  'malformed_params',
  'unsupported_operation',
  'internal_error',
])

describe('access', () => {
  let tried: readonly Tried[]
  before(async () => {
    tried = await tryEverything()
  })
  const each = (name: string, rule: (one: Tried) => boolean, wanted: (one: Tried) => boolean): void => {
    it(name, () => {
      const concerned = tried.filter(wanted)
      assert.ok(concerned.length > 0)
      const broken = concerned
        .filter((one) => !rule(one))
        .map(
          ({ command, transport, shown, allowed_op, outcome }) =>
            `${command.name} over ${transport}${allowed_op ? ', --allowed-op' : ''} with ${shown}: ${outcome}`,
        )
      assert.deepEqual(broken, [])
    })
  }
  const closed = ({ transport, allowed_op }: Tried): boolean => isProtected(transport) && !allowed_op
  const isRight = ({ shown }: Tried): boolean => shown === 'the key of the site'

  each(
    'every command was understood, so that it was the guard that decided',
    ({ outcome }) => !NOT_UNDERSTOOD.has(outcome),
    // What takes passwords is switched off, whoever asks.
    ({ command, refused }) => !refused && !command.errors.includes('unsupported_operation'),
  )
  each(
    'protected: without a key nothing changes, nobody is asked, and nothing of a site is told',
    ({ asked_op, changed, told_site, told_secret }) => !asked_op && !changed && !told_site && !told_secret,
    (one) => closed(one) && (one.shown === 'nothing' || one.shown === 'an unknown key'),
  )
  each(
    'protected: only what is public is open without a key',
    ({ refused, command }) => refused === (command.access !== 'public'),
    (one) => closed(one) && (one.shown === 'nothing' || one.shown === 'an unknown key'),
  )
  each(
    'protected: the key of another site opens nothing of this one',
    ({ refused, changed, told_site, asked_op }) => refused && !changed && !told_site && !asked_op,
    (one) =>
      closed(one) &&
      one.shown === 'the key of another site' &&
      Object.hasOwn(one.command.params, 'oxd_id') &&
      one.command.access !== 'public',
  )
  each('the right key opens everything', ({ refused }) => !refused, isRight)
  each(
    'unprotected: everything is open, whatever is shown',
    ({ refused }) => !refused,
    ({ transport }) => !isProtected(transport),
  )
  each(
    'an OP of --allowed-op opens what asks an OP, and nothing of a site',
    ({ refused, command }) =>
      refused === (command.access !== 'public' && !OPEN_FOR_ALLOWED.has(command.access)),
    ({ allowed_op, shown }) => allowed_op && shown === 'nothing',
  )
  each(
    'no reply tells a secret that oxd has of a site',
    ({ told_secret }) => !told_secret,
    () => true,
  )

  it('was tried of every command', () => {
    assert.deepEqual([...new Set(tried.map(({ command }) => command))], [...COMMANDS])
  })

  it('stands in docs/access.md as it is', () => {
    const page = readFileSync(new URL('../docs/access.md', import.meta.url), 'utf8')
    assert.equal(page, accessPage(tried), 'run npm run docs')
  })
})
