#!/usr/bin/env node
// Starts oxd. Plain JavaScript without newer syntax, so that an old Node says what is wrong instead of failing to parse.
import { existsSync, readFileSync } from 'node:fs'

const needed = [24, 15]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `oxd: Node ${needed.join('.')} or later is needed, this is ${process.versions.node}. In a clone, npx oxd uses the Node that npm ci has installed.\n`,
  )
  process.exit(1)
}

// A clone runs its sources as they are; a package brings what `npm run build` made of them.
const source = new URL('../src/main.ts', import.meta.url)
const { main } = await import(existsSync(source) ? source.href : new URL('../main.js', import.meta.url).href)
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
await main(process.argv.slice(2), version)
