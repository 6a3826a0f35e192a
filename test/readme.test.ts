// The README, tried: its program compiles and logs a user in, its settings are settings, its frame is one.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { readConfig } from '../src/config.ts'
import { LIMITS } from '../src/limits.ts'
import { FrameReader } from '../src/serve/frame.ts'
import { startStory, type Story } from '../src/testing/story.ts'
import { freePort } from '../src/testing/free_port.ts'

const ROOT = resolve(import.meta.dirname, '..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const block = (language: string): string => {
  const found = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(README)?.[1]
  assert.ok(found !== undefined, `no ${language} block`)
  return found
}

describe('the README', () => {
  let folder: string
  let story: Story
  before(async () => {
    story = await startStory()
    // Inside the repository, so that the program finds its packages.
    mkdirSync(join(ROOT, '.dev'), { recursive: true })
    folder = mkdtempSync(join(ROOT, '.dev', 'readme-'))
    writeFileSync(join(folder, 'site.ts'), block('ts'))
    const cfg = block('ini')
      .replace('port = 8099', `port = ${story.daemon.port}`)
      .replace('https://op.example.com', story.issuer())
    writeFileSync(join(folder, 'site.cfg'), cfg)
  })
  after(async () => {
    rmSync(folder, { recursive: true })
    await story.close()
  })

  it('has a program that compiles', async () => {
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), include: ['site.ts'] }),
    )
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    const { stdout } = await promisify(execFile)(tsc, ['-p', folder]).catch(
      (error: { stdout: string }) => error,
    )
    assert.equal(stdout, '')
  })

  it('has a program that logs a user in', async () => {
    const port = await freePort()
    const child = spawn(process.execPath, ['site.ts'], {
      cwd: folder,
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    try {
      let cookie = ''
      const visit = async (path: string): Promise<Response> => {
        // The web server in front of it speaks https.
        const headers = { 'x-forwarded-proto': 'https', cookie }
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' })
        cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
        return response
      }
      for (let tries = 0; ; tries++) {
        try {
          assert.equal(await (await visit('/')).text(), 'Hello, stranger')
          break
        } catch (error) {
          if (tries > 200) throw error
          await delay(50)
        }
      }
      const url = (await visit('/login')).headers.get('location')
      const back = new URL(await story.op.authorize(String(url)))
      const stranger = await fetch(`http://127.0.0.1:${port}/callback${back.search}`, { redirect: 'manual' })
      assert.equal(stranger.status, 400, 'a login that somebody else began')
      const before = cookie
      assert.equal((await visit(`/callback${back.search}`)).status, 302)
      assert.notEqual(cookie, before, 'a new session at login')
      assert.match(await (await visit('/')).text(), /^Hello, (?!stranger)/)
      assert.match(readFileSync(join(folder, 'site.cfg'), 'utf8'), /^id = [0-9a-f-]{36}$/m)
    } finally {
      child.kill()
      await once(child, 'exit')
    }
  })

  it('has a file of settings, and a frame', () => {
    const file = join(folder, 'oxd.yml')
    writeFileSync(file, block('yaml'))
    assert.deepEqual(readConfig([], {}, file).trust_op, ['https://login.corp.example'])
    const reader = new FrameReader(LIMITS)
    reader.push(Buffer.from(block('text').trim()))
    assert.equal(reader.next()?.kind, 'object')
  })

  it('names every script and every document', () => {
    const { scripts }: { scripts: object } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const documents = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
    const named = [
      ...Object.keys(scripts).map((name) => `\`${name}\``),
      ...documents.map((name) => `](docs/${name})`),
    ]
    assert.deepEqual(
      named.filter((name) => !README.includes(name)),
      [],
    )
  })
})
