// A short soak: accounting and leaks. How much slower healthy tenants get is only told: it hangs on what else the machine does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { soak } from '../src/testing/soak/soak.ts'

test('good and bad logins at twenty tenants, three of them stalled', async (t) => {
  const report = await soak({ ms: 10_000, phase_ms: 5_000, rate: 5, stalled: 10, op_total_ms: 4_000 })
  const { quiet, stressed } = report.latency
  t.diagnostic(
    `p99 ${quiet.p99.toFixed(1)} ms quiet, ${stressed.p99.toFixed(1)} ms stressed: ${report.ratio.toFixed(2)} times`,
  )
  assert.deepEqual(report.problems, [])
  assert.ok(
    (report.logins.fates['completed'] ?? 0) > 0 && (report.logins.fates['refused: op_timeout'] ?? 0) > 0,
  )
})
