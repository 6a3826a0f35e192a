// Loaded before each part of `npm start` (`node --import`): a part whose starter was killed stops by itself.
import { setTimeout as delay } from 'node:timers/promises'
import { LIMITS } from '../src/limits.ts'

/** As long as `npm start` itself waits for a part. */
const STOP_MS = LIMITS.shutdown_ms + 2_000

// The starter holds the other end, and the system closes it even after a `kill -9`.
process.stdin.resume().once('close', async () => {
  process.kill(process.pid, 'SIGTERM')
  await delay(STOP_MS, undefined, { ref: false })
  process.kill(process.pid, 'SIGKILL')
})
// It keeps no part alive that has nothing else to do.
process.stdin.unref()
