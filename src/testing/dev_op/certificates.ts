// The certificates of the dev OP and the sample site: made at the first start, kept in an ignored folder, renewed in time.
import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { StartError } from '../../error.ts'
import { hostName, makeAuthority, type AuthorityWorld } from './authority.ts'

export interface CertificateFiles {
  /** What clients trust. */
  readonly ca_file: string
  /** What servers show, and their key. */
  readonly cert_file: string
  readonly key_file: string
  /** False when the files of an earlier start were good. */
  readonly made: boolean
}

/** Made anew this long before the end, so that none expires under a running server. */
const RENEWED_BEFORE_MS = 7 * 86_400_000

const ALWAYS = ['localhost', 'demo.localhost', '127.0.0.1', '::1'] as const

/**
 * Sees to `ca.pem`, `cert.pem` and `key.pem` in `folder` (0700; the key 0600). They are kept from an earlier start unless
 * they expire within a week or do not cover `hosts`: host names or addresses beside localhost, demo.localhost, 127.0.0.1
 * and ::1. The key of the CA is dropped: it signs one certificate.
 * @throws StartError when a host is none, or the folder is of no use.
 */
export const ensureCertificates = async (
  folder: string,
  hosts: readonly string[],
  world: AuthorityWorld,
): Promise<CertificateFiles> => {
  const files = {
    ca_file: join(folder, 'ca.pem'),
    cert_file: join(folder, 'cert.pem'),
    key_file: join(folder, 'key.pem'),
  }
  const names = [...new Set([...ALWAYS, ...hosts.map(hostName)])]
  if (areGood(files, names, world)) return { ...files, made: false }

  const { ca, issue } = await makeAuthority(hosts, world)
  const { cert, key } = await issue(names)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
    replace(files.key_file, key, 0o600)
    replace(files.cert_file, cert, 0o644)
    replace(files.ca_file, ca, 0o644)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StartError(`The development certificates cannot be written: ${why}`, { cause: error })
  }
  return { ...files, made: true }
}

const replace = (file: string, pem: string, mode: number) => {
  const fresh = `${file}.${randomUUID()}`
  writeFileSync(fresh, pem, { mode, flag: 'wx' })
  renameSync(fresh, file)
}

/** Files that are missing, torn, of different makes or too old are made anew: nothing is lost with them. */
const areGood = (
  files: Omit<CertificateFiles, 'made'>,
  names: readonly string[],
  world: AuthorityWorld,
): boolean => {
  try {
    const ca = new X509Certificate(readFileSync(files.ca_file))
    const cert = new X509Certificate(readFileSync(files.cert_file))
    return (
      cert.checkIssued(ca) &&
      cert.verify(ca.publicKey) &&
      cert.checkPrivateKey(createPrivateKey(readFileSync(files.key_file))) &&
      cert.validFromDate.getTime() <= world.now() &&
      cert.validToDate.getTime() > world.now() + RENEWED_BEFORE_MS &&
      names.every((name) => (isIP(name) === 0 ? cert.checkHost(name) : cert.checkIP(name)) !== undefined)
    )
  } catch {
    return false
  }
}
