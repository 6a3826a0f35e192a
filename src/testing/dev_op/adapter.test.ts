// The memory of the dev OP: it forgets by expiry and on request, and by nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from './adapter.ts'

const setUp = () => {
  let now = 1_000_000_000_000
  const memory = openMemory(':memory:', { now: () => now })
  return { ...memory, pass: (seconds: number) => (now += seconds * 1_000) }
}

test('a client outlives thousands of other entries', async () => {
  const { adapter, close } = setUp()
  await adapter('Client').upsert('c', { client_id: 'c' })
  for (let i = 0; i < 3_000; i++) await adapter('AccessToken').upsert(`t${i}`, { jti: `t${i}` }, 60)
  assert.deepEqual(await adapter('Client').find('c'), { client_id: 'c' })
  close()
})

test('an entry is there until it expires, also after it was replaced', async () => {
  const { adapter, close, pass } = setUp()
  const codes = adapter('AuthorizationCode')
  await codes.upsert('a', { n: 1 }, 60)
  await codes.upsert('a', { n: 2 }, 120)
  pass(119)
  assert.deepEqual(await codes.find('a'), { n: 2 })
  assert.equal(await adapter('AccessToken').find('a'), undefined, 'models do not share ids')
  pass(1)
  assert.equal(await codes.find('a'), undefined)
  close()
})

test('found by uid and user code, consumed, destroyed', async () => {
  const { adapter, close } = setUp()
  const [sessions, codes] = [adapter('Session'), adapter('DeviceCode')]
  await sessions.upsert('s', { uid: 'u' }, 60)
  await codes.upsert('d', { userCode: 'ABCD' }, 60)
  assert.deepEqual(await sessions.findByUid('u'), { uid: 'u' })
  assert.deepEqual(await codes.findByUserCode('ABCD'), { userCode: 'ABCD' })
  await codes.consume('d')
  assert.deepEqual(await codes.find('d'), { userCode: 'ABCD', consumed: 1_000_000_000 })
  await codes.destroy('d')
  assert.equal(await codes.find('d'), undefined)
  close()
})

test('of two who take an entry one gets it, and what has expired nobody', async () => {
  const { adapter, take, close, pass } = setUp()
  await adapter('Ticket').upsert('t', { n: 1 }, 60)
  await adapter('Ticket').upsert('u', { n: 2 }, 60)
  assert.equal(take('Other', 't'), undefined)
  assert.deepEqual(take('Ticket', 't'), { n: 1 })
  assert.equal(take('Ticket', 't'), undefined)
  assert.equal(await adapter('Ticket').find('t'), undefined)
  pass(60)
  assert.equal(take('Ticket', 'u'), undefined)
  close()
})

test('the entries of a grant are listed, without the expired ones and those of others', async () => {
  const { adapter, list, close, pass } = setUp()
  const resources = adapter('Resource')
  await resources.upsert('b', { grantId: 'g', n: 2 })
  await resources.upsert('a', { grantId: 'g', n: 1 }, 60)
  await resources.upsert('c', { grantId: 'h', n: 3 })
  assert.deepEqual(list('Resource', 'g'), [
    { grantId: 'g', n: 1 },
    { grantId: 'g', n: 2 },
  ])
  assert.deepEqual(list('Other', 'g'), [])
  pass(60)
  assert.deepEqual(list('Resource', 'g'), [{ grantId: 'g', n: 2 }])
  close()
})

test('revoking a grant takes its entries of that model, and no others', async () => {
  const { adapter, close } = setUp()
  const [access, refresh] = [adapter('AccessToken'), adapter('RefreshToken')]
  await access.upsert('1', { grantId: 'g' }, 60)
  await access.upsert('2', { grantId: 'h' }, 60)
  await refresh.upsert('3', { grantId: 'g' }, 60)
  await access.revokeByGrantId('g')
  assert.equal(await access.find('1'), undefined)
  assert.ok(await access.find('2'))
  assert.ok(await refresh.find('3'))
  close()
})
