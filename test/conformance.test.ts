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
import { PLANS, runName, type Variant } from './conformance/plans.ts'

/** Plans that would be the first to notice what oxd remembers of an OP. */
const ALIASED = /-(?:basic|implicit|config|dynamic)-certification-test-plan$|-logout-rp-basic$/

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

/** At an issuer of its own, or at that of an alias, which all modules share. */
const walk = async (module: string, variant: Variant, alias?: string): Promise<void> => {
  const found = MODULES[module]
  assert.ok(found !== undefined, 'the module has a walk')
  await found.walk({
    story: found.weakened === undefined ? strict : weakened,
    variant,
    webfinger(issuer) {
      webfinger.href = issuer
    },
    ...(alias === undefined ? {} : { alias }),
  })
}

for (const { name, runs } of PLANS) {
  describe(name, () => {
    for (const { modules, ...variant } of runs) {
      for (const module of modules) it(`${module} (${runName(variant)})`, () => walk(module, variant))
    }
  })
}

for (const { name, runs } of PLANS.filter((plan) => ALIASED.test(plan.name))) {
  describe(`${name}, one module after the other at one issuer`, () => {
    before(() => {
      for (const { op } of [strict, weakened]) op.issuer(`test/a/${name}/`)
    })
    for (const { modules, ...variant } of runs) {
      for (const module of modules)
        it(`${module} (${runName(variant)})`, () => walk(module, variant, `test/a/${name}`))
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
    const found = MODULES['oidcc-client-test-idtoken-sig-none'] ?? assert.fail('no such module')
    const asked = found.walk({ story: strict, variant: { response_type: 'code' }, webfinger: () => {} })
    // The first half of the walk, which asks for nothing special, comes to its end.
    await assert.rejects(asked, /"invalid_algorithm"/)
  })
})
