// The README's program, put together from its pieces: it compiles, and a login with it works.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { siteCertificate } from './certificate.ts'
import { settingsOf } from './settings.ts'
import { Browser, OXD_ID, standIn } from './testing.ts'

const HERE = import.meta.dirname
const ROOT = resolve(HERE, '../..')
const README = readFileSync(join(HERE, 'README.md'), 'utf8')
const blocks = (language: string): readonly string[] =>
  [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  )

suite('the README', () => {
  let folder = ''
  before(async () => {
    mkdirSync(join(ROOT, '.dev'), { recursive: true })
    // Inside the repository, so that its packages are found.
    folder = mkdtempSync(join(ROOT, '.dev', 'readme-'))
    const { cert, key } = await siteCertificate({ host: 'demo.localhost', folder })
    writeFileSync(join(folder, 'demosite.crt'), cert)
    writeFileSync(join(folder, 'demosite.key'), key)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('its program compiles', async () => {
    assert.ok(blocks('ts').length >= 10)
    writeFileSync(join(folder, 'program.ts'), blocks('ts').join('\n'))
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(ROOT, 'tsconfig.json'),
        include: ['program.ts'],
        // A piece may show how something is made and leave its use to the reader.
        compilerOptions: { noUnusedLocals: false },
      }),
    )
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    const { stdout } = await promisify(execFile)(tsc, ['-p', folder], { timeout: 60_000 }).catch(
      // tsc says on its output what is wrong; the caller compares it.
      (error: { stdout: string }) => error,
    )
    assert.equal(stdout, '')
  })

  test('its configuration is complete, and its keys are those of the example', () => {
    const [text = ''] = blocks('ini')
    const example = settingsOf(readFileSync(join(HERE, 'demosite.example.cfg'), 'utf8'))
    for (const [key, value] of settingsOf(text)) assert.equal(example.get(key), value, key)
  })

  test('its program registers, updates, logs in and logs out as it says', { timeout: 30_000 }, async () => {
    await using oxd = await standIn()
    const [cfg = ''] = blocks('ini')
    writeFileSync(join(folder, 'demosite.cfg'), cfg.replace('port = 8099', `port = ${oxd.port}`))
    const program = blocks('ts').join('\n')
    const on_any_port = program.replace(
      "app).listen(8080, '127.0.0.1')",
      "app).listen(0, '127.0.0.1', function () { console.log('port', this.address().port) })",
    )
    assert.notEqual(on_any_port, program)
    writeFileSync(join(folder, 'running.ts'), `${on_any_port}\nconsole.log('ready')\n`)

    const child = spawn(process.execPath, ['running.ts'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const said = new Map<string, string>()
      for await (const line of createInterface({ input: child.stdout })) {
        const [word = '', ...rest] = line.split(' ')
        said.set(word, rest.join(' '))
        if (word === 'ready') break
      }
      assert.equal(said.get('oxd_id'), `= ${OXD_ID}`)
      assert.equal(said.get('updated'), OXD_ID)
      assert.match(said.get('authorization_url') ?? '', /^= https:\/\/op\.example\.com\//)
      assert.ok(README.includes(`oxd_id = ${OXD_ID}`))

      const ca = readFileSync(join(folder, 'demosite.crt'), 'utf8')
      const browser = new Browser(`https://demo.localhost:${said.get('port')}/`, ca)
      assert.equal((await browser.open('/callback?code=c&state=forged')).status, 400)
      assert.equal((await browser.logIn()).status, 303)
      assert.equal((await browser.open('/')).text, 'Hello Alice Liddell, alice@example.com')
      assert.match((await browser.open('/logout', {})).location, /end_session/)
      assert.equal(oxd.calls.at(-1)?.params['id_token_hint'], 'the.id.token')
      assert.equal((await browser.open('/')).text, 'Nobody is logged in.')
    } finally {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    assert.deepEqual(
      [...new Set(oxd.names())].sort(),
      [
        'get_authorization_url',
        'get_logout_uri',
        'get_tokens_by_callback',
        'get_user_info',
        'register_site',
      ].concat('update_site_registration'),
    )
  })

  test('its links lead somewhere', () => {
    const slugs = new Set(
      [...README.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replace(/[^\w\- ]/g, '')
          .replaceAll(' ', '-'),
      ),
    )
    for (const [, target = ''] of README.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('#')) assert.ok(slugs.has(target.slice(1)), target)
      else assert.ok(existsSync(join(HERE, target)), target)
    }
  })

  test('it tells of every file and every variable', () => {
    for (const name of [
      'site.ts',
      'session.ts',
      'settings.ts',
      'certificate.ts',
      'pages.ts',
      'messages.ts',
      'style.css',
    ])
      assert.ok(README.includes(`\`${name}\``), name)
    const source = readFileSync(join(HERE, 'site.ts'), 'utf8')
    const variables = [...source.matchAll(/environment(?:\.|, ')([A-Z_]{4,})/g)].map(([, name = '']) => name)
    assert.ok(variables.length >= 7)
    for (const name of variables) assert.ok(README.includes(`\`${name}\``), name)
  })
})
