// `oxd <command>`: how what is typed becomes parameters.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { runCli } from './cli.ts'
import { COMMANDS } from './daemon.ts'
import { startTestDaemon, type TestDaemon } from './testing/daemon.ts'

describe('oxd <command>', () => {
  let daemon: TestDaemon
  before(async () => {
    daemon = await startTestDaemon({})
  })
  after(() => daemon.close())

  const run = async (...argv: readonly string[]) => {
    const said = { stdout: '', stderr: '' }
    const code = await runCli([...argv, '--port', String(daemon.port)], COMMANDS, {
      env: {},
      stdout: { write: (text) => void (said.stdout += text) },
      stderr: { write: (text) => void (said.stderr += text) },
    })
    return { code, ...said }
  }
  const protect = (resources: string) => run('uma_rs_protect', '--oxd_id', 'none', '--resources', resources)

  it('takes what is protected as JSON', async () => {
    const conditions = [{ httpMethods: ['GET', 'PUT'], scopes: ['https://photos.example.com/view'] }]
    const { code, stderr } = await protect(JSON.stringify([{ path: '/photos', conditions }]))
    assert.equal(code, 1)
    assert.match(stderr, /^invalid_oxd_id: /, 'the resources are well formed')
    assert.match(
      (await protect('[7]')).stderr,
      /^malformed_params: .* resources \(item 0\): must be an object\./,
    )
  })

  it('says what is no JSON, and does not repeat it', async () => {
    const { code, stderr } = await protect('[{"path":')
    assert.equal(code, 2)
    assert.equal(stderr, 'oxd: --resources is written as JSON. See oxd uma_rs_protect --help.\n')
  })

  it('says how each parameter is written', async () => {
    const { stdout } = await run('uma_rs_protect', '--help')
    assert.match(stdout, /^ {2}--resources JSON {2,}/m)
    assert.match(stdout, /^ {2}--overwrite true\|false {2}/m)
  })
})
