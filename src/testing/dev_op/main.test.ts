// `npm run dev-op` as a program: what it says, what it refuses, how it ends.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../free_port.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
const OPTIONS = { timeout: 60_000 }

const run = (env: NodeJS.ProcessEnv, args: readonly string[] = [MAIN]) => {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Whatever fails here, nothing outlives the tests.
  process.once('exit', () => child.kill())
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return {
    child,
    said: () => text,
    ended: new Promise<number | null>((resolve) => child.once('close', resolve)),
  }
}

const withFolder = async (use: (DEV_DIR: string) => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'dev-op-main-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('it says issuer, CA and users, warns of nothing, and ends at Ctrl-C', OPTIONS, () =>
  withFolder(async (DEV_DIR) => {
    const DEV_OP_PORT = String(await freePort())
    const op = run({ DEV_DIR, DEV_OP_PORT })
    try {
      while (!op.said().includes('Ctrl-C') && op.child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      assert.match(op.said(), new RegExp(`Issuer +https://localhost:${DEV_OP_PORT}\n`))
      assert.ok(op.said().includes(join(DEV_DIR, 'tls/ca.pem')))
      assert.match(op.said(), /alice \/ wonderland, bob \/ builder/)
      assert.doesNotMatch(op.said(), /warning|notice/i)
    } finally {
      op.child.kill('SIGINT')
      op.child.kill('SIGTERM')
    }
    assert.equal(await op.ended, 0)
  }),
)

test('an empty DEV_DIR is as good as none: nothing is put into the root of the repository', OPTIONS, () =>
  withFolder(async (root) => {
    // Seen from here the repository is elsewhere, so that the `.dev` of whoever runs the tests is left alone.
    for (const name of ['src', 'node_modules', 'package.json'])
      symlinkSync(join(import.meta.dirname, '../../..', name), join(root, name))
    const main = join(root, 'src/testing/dev_op/main.ts')
    const args = ['--preserve-symlinks', '--preserve-symlinks-main', main]
    const op = run({ DEV_DIR: '', DEV_OP_PORT: String(await freePort()) }, args)
    try {
      while (!op.said().includes('Ctrl-C') && op.child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      assert.ok(op.said().includes(join(root, '.dev/tls/ca.pem')), op.said())
      assert.equal(existsSync(join(root, 'tls')), false)
    } finally {
      op.child.kill('SIGTERM')
    }
    assert.equal(await op.ended, 0)
  }),
)

test('production and malformed ports are refused in one line', OPTIONS, () =>
  withFolder(async (DEV_DIR) => {
    for (const [env, line] of [
      [{ NODE_ENV: 'production' }, /^The dev OP does not run with NODE_ENV=production.*\n$/],
      [{ DEV_OP_PORT: '80x' }, /^DEV_OP_PORT is "80x".*\n$/],
      [{ DEV_OP_PORT: '65536' }, /^DEV_OP_PORT is "65536".*\n$/],
    ] as const) {
      const op = run({ DEV_DIR, ...env })
      assert.equal(await op.ended, 1)
      assert.match(op.said(), line)
    }
  }),
)
