// Every module of the conformance suite's plans for relying parties, walked: our own walks, not a run of the suite.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startStory, type Story } from '../src/testing/story.ts'
import { createServerCertificate } from '../src/testing/tls.ts'
import { MODULES } from './conformance/modules.ts'
import { conformanceTable } from './conformance/page.ts'
import { PLANS, runName } from './conformance/plans.ts'

let folder: string
let strict: Story
let weakened: Story
const webfinger = { href: '' }
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oxd-conformance-'))
  const tls = await createServerCertificate(undefined, { names: ['op.test'], addresses: ['127.0.0.1'] })
  const ca = join(folder, 'ca.pem')
  await writeFile(ca, tls.cert)
  const start = async (more: readonly string[]): Promise<Story> => {
    const story = await startStory({ tls, public: true, argv: ['--op-ca', ca, ...more] })
    // At the root of the host, as WebFinger has it.
    story.op.issuer('', {
      webfinger: (good) => ({
        ...good,
        links: [{ rel: 'http://openid.net/specs/connect/1.0/issuer', href: webfinger.href }],
      }),
    })
    return story
  }
  strict = await start([])
  weakened = await start(['--insecure-unsigned-id-tokens'])
})
after(async () => {
  await strict.close()
  await weakened.close()
  await rm(folder, { recursive: true })
})

for (const { name, runs } of PLANS) {
  describe(name, () => {
    for (const { modules, ...variant } of runs) {
      for (const module of modules) {
        it(`${module} (${runName(variant)})`, async () => {
          const found = MODULES[module]
          assert.ok(found !== undefined, 'the module has a walk')
          const story = found.weakened === undefined ? strict : weakened
          await found.walk({
            story,
            variant,
            webfinger(issuer) {
              webfinger.href = issuer
            },
          })
        })
      }
    }
  })
}

describe('docs/conformance.md', () => {
  it('has the table of these walks', async () => {
    const page = await readFile(join(import.meta.dirname, '../docs/conformance.md'), 'utf8')
    assert.ok(page.includes(conformanceTable()), 'run npm run docs')
  })
  it('leaves out no walk', () => {
    const walked = new Set(PLANS.flatMap(({ runs }) => runs.flatMap(({ modules }) => modules)))
    assert.deepEqual(
      Object.keys(MODULES).filter((name) => !walked.has(name)),
      [],
    )
  })
  it('an unsigned ID Token is refused where nobody was told to take it', async () => {
    const { walk } = MODULES['oidcc-client-test-idtoken-sig-none'] ?? assert.fail('no such module')
    const asked = walk({ story: strict, variant: { response_type: 'code' }, webfinger: () => {} })
    await assert.rejects(asked, /invalid_algorithm/)
  })
})
