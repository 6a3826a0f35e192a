// Runs a TypeScript file of this repository: `node scripts/run.js scripts/start.ts --flags`. Plain JavaScript, so that a
// Node that is too old says so instead of failing to parse. It is met when `npm ci` ran without its install scripts.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const needed = [24, 15]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `Node ${needed.join('.')} or later is needed, this is ${process.versions.node}: run npm ci, which brings one along for npm's scripts.\n`,
  )
  process.exit(1)
}

const [, , file = ''] = process.argv
const path = resolve(file)
// The file sees the arguments as if it had been started itself.
process.argv.splice(1, 2, path)
await import(pathToFileURL(path).href)
