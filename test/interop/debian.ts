// Debian's packages of an OP: which are missing, and how they come.
import { spawnSync } from 'node:child_process'
import { StartError } from '../../src/error.ts'

export interface Packages {
  readonly names: readonly string[]
  /** What a package would ask while it is installed, in the form of debconf-set-selections. */
  readonly answers?: readonly string[]
}

/** A slow mirror; one that is stuck ends the run. */
const INSTALL_MS = 300_000
/** Somebody else may be installing. */
const LOCK_SECONDS = 120

const run = (command: string, args: readonly string[], input?: string): { ok: boolean; said: string } => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    timeout: INSTALL_MS,
    ...(input === undefined ? {} : { input }),
  })
  return { ok: status === 0, said: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` }
}

const isInstalled = (name: string): boolean =>
  run('dpkg-query', ['-W', '-f', '${db:Status-Abbrev}', name]).said.startsWith('ii')

/** `2.7.5` of `2.7.5-3+deb12u1`: what the authors released, without what Debian made of it. */
export const upstreamVersion = (name: string): string =>
  /^(?:\d+:)?[\d.]*\d/.exec(run('dpkg-query', ['-W', '-f', '${Version}', name]).said)?.[0] ?? 'unknown'

/** `apt-get` with what keeps it from asking, and from waiting for ever. */
const apt = (...args: readonly string[]): void => {
  const { ok, said } = run('apt-get', ['-qq', '-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`, ...args])
  if (!ok) throw new StartError(`apt-get ${args.join(' ')} failed:\n${said.trim()}`)
}

/**
 * Installs what is missing of these packages, as root on Debian.
 * @throws StartError that says what to install where it may not, or what went wrong
 */
export const install = ({ names, answers = [] }: Packages): void => {
  const missing = names.filter((name) => !isInstalled(name))
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || !run('apt-get', ['--version']).ok) {
    throw new StartError(
      [
        `Missing: ${missing.join(', ')}. As root on Debian 12:`,
        ...answers.map((answer) => `  echo "${answer}" | debconf-set-selections`),
        `  apt-get install --no-install-recommends ${missing.join(' ')}`,
      ].join('\n'),
    )
  }
  if (missing.some((name) => !/Candidate: \d/.test(run('apt-cache', ['policy', name]).said))) apt('update')
  if (answers.length > 0) run('debconf-set-selections', [], `${answers.join('\n')}\n`)
  apt('install', '-y', '--no-install-recommends', ...missing)
}
