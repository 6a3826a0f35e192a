// Settings that change while the daemon runs.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from '../config.ts'
import { settingChanges } from './settings.ts'

describe('changed settings', () => {
  const running = readConfig(['--allowed-op', 'https://a.example.com', '--port', '1'], {}, '')

  it('are none where nothing changed', () => {
    assert.deepEqual(settingChanges(running, { ...running }), { config: running, live: [], at_restart: [] })
  })

  it('are taken where they can be, and named where they wait', () => {
    const argv = ['--allowed-ip', '10.0.0.0/8', '--port', '2', '--bind', '127.0.0.2']
    const { config, live, at_restart } = settingChanges(running, readConfig(argv, {}, ''))
    assert.deepEqual(live.toSorted(), ['allowed_ip', 'allowed_op'])
    assert.deepEqual(at_restart.toSorted(), ['bind', 'port'])
    assert.deepEqual(config, { ...running, allowed_op: [], allowed_ip: ['10.0.0.0/8'] })
  })

  it('never say anything of the key', () => {
    const { config, at_restart } = settingChanges({ ...running, key: 'a' }, { ...running, key: 'b' })
    assert.equal(config.key, 'a')
    assert.deepEqual(at_restart, [])
  })
})
