// The program `oxd`: `oxd serve` is the daemon, everything else a command to it.
import { parse } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { adminSocketOf, isAdministration, runAdminCli } from './admin_cli.ts'
import { runCheckCli } from './check_cli.ts'
import { runCli } from './cli.ts'
import { serveHelp, settingsFile, type Config } from './config.ts'
import { COMMANDS, openAdmin, startDaemon } from './daemon.ts'
import { StartError } from './error.ts'
import { LIMITS } from './limits.ts'
import { loadConfig } from './load_config.ts'
import { createLog } from './log.ts'
import { isStoreIn, openEmptyStore, openStore, type OpenedStore } from './store/key.ts'
import { realWorld, type World } from './world.ts'

const openData = (config: Config, world: World): Promise<OpenedStore> => {
  const { data_dir, key } = config
  const { dir, base } = parse(data_dir)
  const key_file = config.key_file ?? `${dir === '' ? '' : `${dir}/`}${base}.key`
  return openStore({ data_dir, key_file, key, world, limits: LIMITS })
}

/** Administration of a daemon that does not run; what would be in its log as an error, the person reads who is there. */
const openHere = async (
  config: Config,
  { trial }: { readonly trial: boolean },
): Promise<ReturnType<typeof openAdmin>> => {
  const world = realWorld((level, message) => {
    if (level === 'error') process.stderr.write(`oxd: ${message}\n`)
  })
  // Whoever only tries leaves no data directory behind, and no key.
  const opened =
    trial && !isStoreIn(config.data_dir)
      ? openEmptyStore({ world, limits: LIMITS })
      : await openData(config, world)
  return openAdmin(config, { world, limits: LIMITS, opened })
}

const confirm = async (question: string): Promise<boolean> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim())
  } finally {
    lines.close()
  }
}

const administer = (argv: readonly string[]): Promise<number> =>
  runAdminCli(argv, {
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    confirm: process.stdin.isTTY ? confirm : undefined,
    openHere,
  })

const serve = async (argv: readonly string[], version: string): Promise<void> => {
  const { config, site_defaults, warnings } = await loadConfig(argv, process.env)
  const world = realWorld(createLog(process.stdout))
  for (const warning of warnings) world.log('warn', 'old configuration', { reason: warning })
  const opened = await openData(config, world)
  const admin_socket = adminSocketOf(config)
  const read = async (): Promise<Config> => (await loadConfig(argv, process.env)).config
  const settings = { file: settingsFile(argv, process.env), read }
  const surroundings = { world, limits: LIMITS, opened, admin_socket, version, settings, site_defaults }
  const daemon = await startDaemon(config, surroundings).catch(async (error: unknown) => {
    await opened.store.close()
    throw error
  })
  const stop = (signal: NodeJS.Signals): void => {
    world.log('info', 'oxd stops', { signal })
    daemon.close().catch((error: unknown) => {
      world.log('error', 'stopping failed', { reason: error instanceof Error ? error.message : '' })
      process.exitCode = 1
    })
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // What a reload cannot use is in the log, and the old stays in use.
  process.on('SIGHUP', () => void daemon.reload())
  const { tcp, unix, https, https31, public: forOthers } = daemon.addresses
  world.log('info', 'oxd is ready', {
    tcp: shown(tcp),
    unix,
    https: shown(https),
    https31: shown(https31),
    public: shown(forOthers),
  })
}

const shown = (address: { readonly host: string; readonly port: number } | undefined): string | undefined =>
  address && `${address.host}:${address.port}`

/** Whoever reads the output has seen enough (`oxd … | head`): no failure, and nobody to tell. */
const endWithReader = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
}

/** Runs one invocation of `oxd`; sets the exit code. `version` is that of the package. */
export const main = async (argv: readonly string[], version: string): Promise<void> => {
  const [first, ...rest] = argv
  if (first !== 'serve') endWithReader()
  try {
    if (first === '--version') process.stdout.write(`oxd ${version}\n`)
    else if (isAdministration(first)) process.exitCode = await administer(argv)
    else if (first === 'check')
      process.exitCode = await runCheckCli(
        rest,
        process,
        realWorld(() => {}),
      )
    // Loaded for whoever tests a relying party, and for nobody else.
    else if (first === 'faulty-op')
      process.exitCode = await (await import('./testing/faulty_op_cli.ts')).runFaultyOp(rest, process)
    else if (first !== 'serve') process.exitCode = await runCli(argv, COMMANDS, process)
    else if (rest.includes('--help') || rest.includes('-h')) process.stdout.write(serveHelp())
    else await serve(rest, version)
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    process.stderr.write(`oxd: ${error.message}\n`)
    process.exitCode = 1
  }
}
