// A headless Chromium out of npm packages alone: no Debian package, no network but this machine, a new profile each time.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const UNPACK_MS_MAX = 120_000
const LAUNCH_MS_MAX = 60_000

/**
 * Run in a process of its own, because the package unpacks into os.tmpdir(), file by file and not to be seen half done.
 * Its environment says that this is the place where the package brings its own libraries (NSS, NSPR, expat) too.
 */
const UNPACK = `
  const { default: chromium } = await import(process.argv[1])
  await chromium.executablePath()
`

/** The package's own file names folders of its cloud; there may be no fonts on this machine but those unpacked here. */
const fontsConf = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}</dir>
  <cachedir>${folder}-cache</cachedir>
</fontconfig>
`

export interface UnpackedBrowser {
  readonly executable: string
  /** What the browser must be started with: its libraries, its fonts, an empty home. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * Unpacks the browser beside the package, once; of several processes that start at the same moment the first to finish
 * puts its copy in place, whole, and the others drop theirs.
 */
export const unpackBrowser = async (): Promise<UnpackedBrowser> => {
  const entry = import.meta.resolve('@sparticuz/chromium')
  const home = dirname(dirname(fileURLToPath(entry)))
  // The package describes itself.
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: string }
  const cache = join(home, '..', '..', '.cache')
  const folder = join(cache, `chromium-${version}`)
  if (!existsSync(folder)) {
    await mkdir(cache, { recursive: true })
    const staging = await mkdtemp(`${folder}.`)
    try {
      const env = { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' }
      const args = ['--input-type=module', '--eval', UNPACK, entry]
      await promisify(execFile)(process.execPath, args, { env, timeout: UNPACK_MS_MAX })
      await writeFile(join(staging, 'fonts', 'fonts.conf'), fontsConf(join(folder, 'fonts')))
      await mkdir(join(staging, 'home'))
      await chmod(staging, 0o755)
      // A folder that is not empty is never replaced: who comes second fails here.
      await rename(staging, folder).catch((error: unknown) => {
        if (!existsSync(folder)) throw error
      })
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  }
  return {
    executable: join(folder, 'chromium'),
    env: {
      LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'),
      FONTCONFIG_PATH: join(folder, 'fonts'),
      FONTCONFIG_FILE: join(folder, 'fonts', 'fonts.conf'),
      // The certificates that a person trusts are in their home: what a test trusts must not depend on them.
      HOME: join(folder, 'home'),
    },
  }
}

export interface BrowserOptions {
  /**
   * Base64 of the SHA-256 of the public key (SPKI) of a certificate in the chain that the servers send: chains with it
   * are trusted, all others are judged as ever.
   */
  readonly ca_spki?: string
  /** Trusts every certificate. */
  readonly insecure_ignore_https_errors?: boolean
}

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--headless',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Nothing but this machine can be reached, whatever a page asks for.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1',
]

/** Starts a browser; `close()` ends it and removes its profile. */
export const launchBrowser = async (options: BrowserOptions = {}): Promise<Browser> => {
  const { executable, env } = await unpackBrowser()
  const { ca_spki, insecure_ignore_https_errors = false } = options
  return chromium.launch({
    executablePath: executable,
    args: [
      ...ARGS,
      ...(ca_spki === undefined ? [] : [`--ignore-certificate-errors-spki-list=${ca_spki}`]),
      ...(insecure_ignore_https_errors ? ['--ignore-certificate-errors'] : []),
    ],
    env: { ...process.env, ...env },
    timeout: LAUNCH_MS_MAX,
  })
}
