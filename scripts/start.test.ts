// `npm start` as a person meets it: three processes that come up together, and go together.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { signIn, signOut, Visitor } from '../src/testing/dev_op/sign_in.ts'
import { freePort } from '../src/testing/free_port.ts'

const START = join(import.meta.dirname, 'start.ts')
/** Three programs on a busy machine. */
const UP_MS = 40_000
/** They may finish what is under way. */
const GONE_MS = 20_000
const OPTIONS = { timeout: 120_000 }

const listening = async (): Promise<{ server: Server; port: number }> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}
const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(true))
    socket.once('connect', () => socket.destroy()).once('error', () => resolve(false))
  })

interface Ports {
  readonly DEV_OP_PORT: number
  readonly OXD_PORT: number
  readonly OXD_PUBLIC_PORT: number
  readonly DEMO_PORT: number
}
/** A folder and ports of its own, so that it disturbs nobody's `npm start`. */
const inPlace = async (use: (folder: string, ports: Ports) => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'oxd-start-'))
  const ports = {
    DEV_OP_PORT: await freePort(),
    OXD_PORT: await freePort(),
    OXD_PUBLIC_PORT: await freePort(),
    DEMO_PORT: await freePort(),
  }
  try {
    await use(folder, ports)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Run {
  readonly child: ChildProcess
  readonly said: () => string
  readonly ended: Promise<number | null>
}
const children: ChildProcess[] = []
// Whatever fails here, nothing outlives the tests.
process.once('exit', () => children.forEach((child) => child.kill()))
const start = (
  folder: string,
  ports: Ports,
  more: NodeJS.ProcessEnv = {},
  args: readonly string[] = [START],
): Run => {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    // The tests may be run by npm themselves.
    npm_lifecycle_event: undefined,
    DEV_DIR: join(folder, 'dev'),
    DEMO_CFG: join(folder, 'demosite.cfg'),
    ...more,
  }
  for (const [name, port] of Object.entries(ports)) env[name] = String(port)
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { child, said: () => text, ended: new Promise((resolve) => child.once('close', resolve)) }
}
const untilUp = async ({ said, child }: Run) => {
  const deadline = AbortSignal.timeout(UP_MS)
  while (!said().includes('Ctrl-C stops everything')) {
    assert.ok(child.exitCode === null && !deadline.aborted, `it did not come up: ${said()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('it comes up, says where and for whom, stops when asked, and does all that again', OPTIONS, () =>
  inPlace(async (folder, ports) => {
    const oxdIds: string[] = []
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const run = start(folder, ports)
      try {
        await untilUp(run)
        for (const part of [
          `https://demo.localhost:${ports.DEMO_PORT}`,
          `https://localhost:${ports.DEV_OP_PORT}`,
          `127.0.0.1:${ports.OXD_PORT}`,
          'alice / wonderland',
          'bob / builder',
          join(folder, 'dev/tls/ca.pem'),
        ]) {
          assert.ok(run.said().includes(part), part)
        }
        const visitor = new Visitor({ ca: readFileSync(join(folder, 'dev/tls/ca.pem'), 'utf8') })
        const site = await visitor.fetch(new URL(`https://demo.localhost:${ports.DEMO_PORT}/`))
        assert.equal(site.status, 200)
        const cfg = readFileSync(join(folder, 'demosite.cfg'), 'utf8')
        oxdIds.push(/^id = (.+)$/m.exec(cfg)?.[1] ?? 'not registered')
        // As a terminal and npm do it: twice.
        run.child.kill(signal)
        run.child.kill(signal)
        assert.equal(await run.ended, 0, run.said())
        for (const port of Object.values(ports)) assert.equal(await answers(port), false)
      } finally {
        run.child.kill('SIGTERM')
        await run.ended
      }
    }
    assert.notEqual(oxdIds[0], 'not registered')
    assert.equal(oxdIds[0], oxdIds[1], 'the second start knows the site of the first')
  }),
)

test('a logout at the OP ends the session at the site within a second', OPTIONS, () =>
  inPlace(async (folder, ports) => {
    const run = start(folder, ports)
    try {
      await untilUp(run)
      const visitor = new Visitor({ ca: readFileSync(join(folder, 'dev/tls/ca.pem'), 'utf8') })
      const home = new URL(`https://demo.localhost:${ports.DEMO_PORT}/`)
      const { location } = await visitor.fetch(new URL('/login', home))
      assert.ok(location !== undefined)
      await visitor.visit(await signIn(location, { visitor }))
      assert.match((await visitor.fetch(home)).body, /Hello, Alice/)

      await signOut(`https://localhost:${ports.DEV_OP_PORT}/session/end`, { visitor })
      const since = performance.now()
      while (/Hello, Alice/.test((await visitor.fetch(home)).body)) {
        assert.ok(performance.now() - since < 1_000, 'a second has passed')
      }
    } finally {
      run.child.kill('SIGTERM')
      await run.ended
    }
  }),
)

test('a part that ends stops the whole, with its last words', OPTIONS, () =>
  inPlace(async (folder, ports) => {
    const run = start(folder, ports, {
      OXD_TRUST_OP: 'no origin',
      OXD_UNIX: join(folder, 'no/such/folder/socket'),
    })
    assert.equal(await run.ended, 1)
    assert.match(
      run.said(),
      /^oxd ended \(exit code 1\), so everything is stopped\. Its last words:\n {2}\S/m,
    )
    for (const port of Object.values(ports)) assert.equal(await answers(port), false)
  }),
)

test('it stops when asked before it is up', OPTIONS, () =>
  inPlace(async (folder, ports) => {
    const run = start(folder, ports)
    while (!(await answers(ports.DEV_OP_PORT))) await new Promise((resolve) => setTimeout(resolve, 20))
    run.child.kill('SIGTERM')
    assert.equal(await run.ended, 0, run.said())
    for (const port of Object.values(ports)) assert.equal(await answers(port), false)
  }),
)

/** Starts the program as npm does: from a process in between. */
const AS_NPM = `require('node:child_process').spawn(process.execPath, [${JSON.stringify(START)}], { stdio: 'inherit' })`

test('killed without a chance to say so, itself or npm, it takes its parts along', OPTIONS, () =>
  inPlace(async (folder, ports) => {
    const [itself, npm] = [[START], ['--eval', AS_NPM]]
    for (const args of [itself, npm]) {
      const run = start(folder, ports, args === npm ? { npm_lifecycle_event: 'start' } : {}, args)
      await untilUp(run)
      run.child.kill('SIGKILL')
      const deadline = AbortSignal.timeout(GONE_MS)
      const open = async () => (await Promise.all(Object.values(ports).map(answers))).includes(true)
      while (await open()) {
        assert.ok(!deadline.aborted, `a part still listens: ${args[0]}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      await run.ended
    }
  }),
)

test('two parts at one port are refused by name, and all busy ports are said at once', OPTIONS, () =>
  inPlace(async (folder, ports) => {
    for (const other of ['DEV_OP_PORT', 'DEMO_PORT'] as const) {
      const run = start(folder, { ...ports, [other]: ports.OXD_PORT })
      assert.equal(await run.ended, 1)
      const names = other === 'DEV_OP_PORT' ? 'DEV_OP_PORT and OXD_PORT' : 'OXD_PORT and DEMO_PORT'
      assert.equal(run.said().trim(), `${names} are both ${ports.OXD_PORT}: set one of them to another port.`)
    }
    const [one, two] = [await listening(), await listening()]
    try {
      const run = start(folder, { ...ports, DEV_OP_PORT: one.port, DEMO_PORT: two.port })
      assert.equal(await run.ended, 1)
      assert.match(
        run.said(),
        new RegExp(`^Port ${one.port} is busy.* DEV_OP_PORT .*\\nPort ${two.port} .*DEMO_PORT`),
      )
    } finally {
      one.server.close()
      two.server.close()
    }
  }),
)

test('a busy port is said with the variable that changes it, and nothing is started', OPTIONS, () =>
  inPlace(async (folder, ports) => {
    for (const name of ['DEV_OP_PORT', 'OXD_PORT', 'OXD_PUBLIC_PORT', 'DEMO_PORT'] as const) {
      const { server, port } = await listening()
      try {
        const run = start(folder, { ...ports, [name]: port })
        assert.equal(await run.ended, 1)
        assert.equal(
          run.said().trim(),
          `Port ${port} is busy: stop what listens there, or set ${name} to another port.`,
        )
      } finally {
        server.close()
      }
    }
  }),
)

test('malformed settings and production are refused in one line', OPTIONS, () =>
  inPlace(async (folder, ports) => {
    for (const [more, line] of [
      [{ DEMO_HOST: 'https://demo.localhost' }, /^"https:\/\/demo\.localhost" is no host name.*$/],
      [{ NODE_ENV: 'production' }, /does not run with NODE_ENV=production/],
    ] as const) {
      const run = start(folder, ports, more)
      assert.equal(await run.ended, 1)
      assert.match(run.said().trim(), line)
    }
  }),
)
