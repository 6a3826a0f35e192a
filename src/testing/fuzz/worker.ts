// One target in a thread of its own: started, told to search for a while, asked what it found.
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { startCoverage } from './coverage.ts'
import { createFuzzer, INPUT_BYTES_MAX, nameOf } from './fuzzer.ts'
import { loadTarget, seedsOf, sourcesOf, wordsOf } from './load.ts'
import { SHARED_HEADER_BYTES, type WorkerAnswer, type WorkerData } from './worker_data.ts'

// The thread is started with it.
const { name, seed, without, shared } = workerData as WorkerData
const head = new Int32Array(shared, 0, 2)
const space = Buffer.from(shared, SHARED_HEADER_BYTES)

const target = await loadTarget(name)
if (parentPort === null) throw new Error('this is a thread of the fuzzer')
const urls = new Set(sourcesOf(target).map((file) => pathToFileURL(file).href))
const coverage = startCoverage((url) => urls.has(url))
const open = await target.open()
const fuzzer = createFuzzer({
  target: open,
  coverage,
  seed,
  seeds: seedsOf(name, target).filter((input) => !without.includes(nameOf(input))),
  words: wordsOf(target),
  onRun(input) {
    input.copy(space)
    Atomics.store(head, 1, Math.min(input.length, INPUT_BYTES_MAX))
    Atomics.add(head, 0, 1)
  },
})
const port = parentPort
port.on('message', async (ms: number | 'close') => {
  if (ms === 'close') {
    coverage.stop()
    await open.close?.()
    port.close()
    return
  }
  const done = await fuzzer.search(ms)
  const answer: WorkerAnswer = {
    progress: fuzzer.progress(),
    findings: fuzzer.found(),
    kept: fuzzer.kept(),
    done,
  }
  port.postMessage(answer)
})
port.postMessage('ready')
