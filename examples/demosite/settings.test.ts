import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import { MASK, placeOf, prepareAlbum, prepareSettings, settingsOf, shownLines } from './settings.ts'

const EXAMPLE_PATH = join(import.meta.dirname, 'demosite.example.cfg')
const EXAMPLE = readFileSync(EXAMPLE_PATH, 'utf8')

const ALBUM_PATH = join(import.meta.dirname, 'album.example.cfg')

suite('the configuration of the album', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'demosite-album-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('is the example, beside that of the site', () => {
    const [path, site] = [join(folder, 'a.album'), join(folder, 'a')]
    writeFileSync(site, EXAMPLE)
    prepareAlbum(path, ALBUM_PATH, site)
    assert.equal(readFileSync(path, 'utf8'), readFileSync(ALBUM_PATH, 'utf8'))
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('follows the site, keeps its id where that is the same, and registers anew where it is not', () => {
    const [path, site] = [join(folder, 'b.album'), join(folder, 'b')]
    prepareSettings(site, EXAMPLE_PATH, { host: 'shop.localhost', port: 9000, oxd_port: 9099, op_port: 9090 })
    prepareAlbum(path, ALBUM_PATH, site)
    const now = () => settingsOf(readFileSync(path, 'utf8'))
    assert.equal(now().get('port'), '9099')
    assert.equal(now().get('op_host'), 'https://localhost:9090')
    assert.equal(now().get('authorization_redirect_uri'), 'https://shop.localhost:9000/callback')
    assert.equal(now().get('claims_redirect_uri'), 'https://shop.localhost:9000/uma/back')

    writeFileSync(path, readFileSync(path, 'utf8').replace('id =', 'id = an-id'))
    prepareSettings(site, EXAMPLE_PATH, { oxd_port: 9098 })
    prepareAlbum(path, ALBUM_PATH, site)
    assert.deepEqual([now().get('id'), now().get('port')], ['an-id', '9098'])
    prepareSettings(site, EXAMPLE_PATH, { op_port: 9091 })
    prepareAlbum(path, ALBUM_PATH, site)
    assert.equal(now().get('id'), '')
  })
})

suite('the configuration file', () => {
  let folder = ''
  let path = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'demosite-cfg-'))
    path = join(folder, 'demosite.cfg')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const now = () => settingsOf(readFileSync(path, 'utf8'))

  test('is a copy of the example, for its owner alone', () => {
    prepareSettings(path, EXAMPLE_PATH, {})
    assert.equal(readFileSync(path, 'utf8'), EXAMPLE)
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('has the host and the ports that were asked for, and all else as in the example', () => {
    prepareSettings(path, EXAMPLE_PATH, { host: 'shop.localhost', port: 9000, oxd_port: 9099, op_port: 9090 })
    assert.equal(now().get('port'), '9099')
    assert.equal(now().get('op_host'), 'https://localhost:9090')
    assert.equal(now().get('authorization_redirect_uri'), 'https://shop.localhost:9000/callback')
    assert.equal(now().get('post_logout_redirect_uri'), 'https://shop.localhost:9000/signed-out')
    const before = EXAMPLE.split('\n')
    const after = readFileSync(path, 'utf8').split('\n')
    assert.equal(after.length, before.length)
    assert.equal(after.filter((line, index) => line !== before[index]).length, 4)
  })

  test('that exists is left as it is, byte for byte, when nothing is asked', () => {
    const own =
      '# mine\r\n[oxd]\r\nport : 8099\r\nid = abc\r\n[client]\r\nauthorization_redirect_uri=https://x.localhost/cb\r\n'
    writeFileSync(path, own)
    assert.deepEqual(prepareSettings(path, EXAMPLE_PATH, {}), [])
    assert.equal(readFileSync(path, 'utf8'), own)
  })

  test('follows a later wish for another port, says so, and registers anew', () => {
    writeFileSync(path, EXAMPLE.replace('id =', 'id = abc'))
    const said = prepareSettings(path, EXAMPLE_PATH, { port: 9000 })
    assert.equal(now().get('authorization_redirect_uri'), 'https://demo.localhost:9000/callback')
    assert.equal(now().get('id'), '')
    assert.equal(said.length, 3)
  })

  test('with another development OP loses the id; with another port of the daemon it keeps it', () => {
    writeFileSync(path, EXAMPLE.replace('id =', 'id = abc'))
    prepareSettings(path, EXAMPLE_PATH, { oxd_port: 9099 })
    assert.equal(now().get('port'), '9099')
    assert.equal(now().get('id'), 'abc')
    prepareSettings(path, EXAMPLE_PATH, { op_port: 9090 })
    assert.equal(now().get('id'), '')
  })

  test('with a real host name is never changed: the site says what to do', () => {
    const own = EXAMPLE.replaceAll('demo.localhost', 'client.example.com')
    writeFileSync(path, own)
    assert.throws(
      () => prepareSettings(path, EXAMPLE_PATH, { port: 9000 }),
      /change these lines, or start without/,
    )
    assert.equal(readFileSync(path, 'utf8'), own)
    // Asking for what it already says is no contradiction.
    prepareSettings(path, EXAMPLE_PATH, { host: 'client.example.com', port: 8080 })
    assert.deepEqual(placeOf(own), { host: 'client.example.com', port: 8080 })
  })

  test('with a real OP keeps it, whatever port the development OP has', () => {
    writeFileSync(path, EXAMPLE.replace('https://localhost:8090', 'https://accounts.google.com'))
    prepareSettings(path, EXAMPLE_PATH, { op_port: 9090 })
    assert.equal(now().get('op_host'), 'https://accounts.google.com')
  })
})

test('secrets are masked, and so is everything that is not known to be harmless', () => {
  const shown = shownLines(
    '[oxd]\nport = 8099\n[client]\nclient_id = abc\nclient_secret = hush-1\nCLIENT_SECRET=hush-2\n# client_secret = hush-3\nnew_thing: hush-4\nprotection_access_token = hush-5\n  folded = hush-6\nscope =\n',
  ).join('\n')
  assert.doesNotMatch(shown, /hush/)
  assert.match(shown, new RegExp(`client_secret = ${MASK}`))
  assert.match(shown, /^\[oxd\]\nport = 8099\n\[client\]\nclient_id = abc$/m)
  assert.doesNotMatch(shown, /scope/)
})

test('the example has a comment for each key', () => {
  const lines = EXAMPLE.split('\n')
  for (const key of settingsOf(EXAMPLE).keys()) {
    const at = lines.findIndex((line) => line.startsWith(`${key} =`))
    const above = lines.slice(0, at).findLastIndex((line) => line === '')
    assert.ok(lines[above + 1]?.startsWith('#'), key)
  }
})
