// The daemon of a soak, in a process of its own: as `oxd serve` composes it, its log counted, and what it holds told when asked.
import { readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { readConfig } from '../../config.ts'
import { startDaemon } from '../../daemon.ts'
import { LIMITS } from '../../limits.ts'
import { openStore } from '../../store/key.ts'
import { realWorld } from '../../world.ts'
import type { ChildOptions, FromChild, Held } from './child_messages.ts'

const say = (message: FromChild): void => void process.send?.(message)

/** By `command outcome`: what the log said of calls. */
const outcomes = new Map<string, number>()
const errors: string[] = []
const ERRORS_MAX = 20

// The parent starts it with them.
const { data_dir, argv, limits: changed } = JSON.parse(process.argv[2] ?? '') as ChildOptions
const limits = { ...LIMITS, ...changed }
const world = realWorld((level, message, fields = {}) => {
  if (message === 'command') {
    const name = `${String(fields['command'])} ${String(fields['outcome'])}`
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
  }
  if (level === 'error' && errors.length < ERRORS_MAX) errors.push(`${message} ${JSON.stringify(fields)}`)
})

const filesOpen = (): number => {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

/** What the process holds, after the garbage was collected. */
const held = async (): Promise<Held> => {
  for (let round = 0; round < 3; round += 1) {
    await setImmediate()
    // With --expose-gc.
    globalThis.gc?.()
  }
  const { heapUsed, rss, external } = process.memoryUsage()
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  return { heap_bytes: heapUsed, rss_bytes: rss, external_bytes: external, files: filesOpen(), resources }
}

const opened = await openStore({ data_dir, key_file: `${data_dir}.key`, world, limits })
const daemon = await startDaemon(readConfig(argv, {}, ''), { world, limits, opened, version: '0.0.0' })

process.on('message', async (message) => {
  if (message === 'held') say({ kind: 'held', held: await held() })
  else if (message === 'log') say({ kind: 'log', outcomes: [...outcomes], errors })
  else if (message === 'stop') {
    await daemon.close()
    process.disconnect()
  }
})
// Nobody is there any more to ask.
process.once('disconnect', () => process.exit())
say({ kind: 'ready', port: daemon.addresses.tcp?.port ?? 0 })
