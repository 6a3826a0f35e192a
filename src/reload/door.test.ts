// A door to the OPs whose rules change under way.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LIMITS } from '../limits.ts'
import { createDoor, type Door } from '../oidc/http.ts'
import { startLyingOp } from '../testing/op.ts'
import { changeableDoor } from './door.ts'

const open = (...trust_op: readonly string[]): Door => createDoor({ trust_op, limits: LIMITS })

describe('a door that changes', () => {
  it('goes by the new rules at once, also for whoever kept a way through it', async (t) => {
    const op = await startLyingOp()
    t.after(op.close)
    const url = `${op.issuer('a')}/.well-known/openid-configuration`
    const door = changeableDoor(open(), LIMITS.op_total_ms)
    t.after(door.close)
    const kept = door.fetchFor('discovery')
    await assert.rejects(door.request({ step: 'discovery', url }), { code: 'restricted_op_host' })
    await assert.rejects(kept(url), { code: 'restricted_op_host' })
    door.change(open(op.origin))
    assert.equal((await door.request({ step: 'discovery', url })).status, 200)
    assert.equal((await kept(url)).status, 200)
    door.change(open())
    await assert.rejects(kept(url), { code: 'restricted_op_host' })
  })

  it('lets what is under way end at the old door, and closes that then', async (t) => {
    const op = await startLyingOp()
    t.after(op.close)
    const url = `${op.issuer('a')}/.well-known/openid-configuration`
    const old = open(op.origin)
    const closed = Promise.withResolvers<void>()
    const watched: Door = {
      ...old,
      close: async () => {
        await old.close()
        closed.resolve()
      },
    }
    const door = changeableDoor(watched, 500)
    t.after(door.close)
    const underWay = door.request({ step: 'discovery', url })
    door.change(open())
    assert.equal((await underWay).status, 200)
    await closed.promise
    await assert.rejects(old.request({ step: 'discovery', url }))
  })

  it('closes every door it has had', async () => {
    const closed: number[] = []
    const door = (number: number): Door => ({ ...open(), close: async () => void closed.push(number) })
    const changing = changeableDoor(door(1), LIMITS.op_total_ms)
    changing.change(door(2))
    changing.change(door(3))
    await changing.close()
    assert.deepEqual(closed.toSorted(), [1, 2, 3])
  })
})
