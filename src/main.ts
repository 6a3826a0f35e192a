// The program `oxd`: `oxd serve` is the daemon, everything else a command to it.
import { parse } from 'node:path'
import { runCli } from './cli.ts'
import { readConfig, serveHelp } from './config.ts'
import { COMMANDS, startDaemon } from './daemon.ts'
import { StartError } from './error.ts'
import { LIMITS } from './limits.ts'
import { createLog } from './log.ts'
import { openStore } from './store/key.ts'
import { realWorld } from './world.ts'

const serve = async (argv: readonly string[]): Promise<void> => {
  const config = readConfig(argv, process.env)
  const world = realWorld(createLog(process.stdout))
  const { data_dir, key } = config
  const { dir, base } = parse(data_dir)
  const key_file = config.key_file ?? `${dir === '' ? '' : `${dir}/`}${base}.key`
  const opened = await openStore({ data_dir, key_file, key, world, limits: LIMITS })
  const daemon = await startDaemon(config, { world, limits: LIMITS, opened }).catch(
    async (error: unknown) => {
      await opened.store.close()
      throw error
    },
  )
  const stop = (signal: NodeJS.Signals): void => {
    world.log('info', 'oxd stops', { signal })
    daemon.close().catch((error: unknown) => {
      world.log('error', 'stopping failed', { reason: error instanceof Error ? error.message : '' })
      process.exitCode = 1
    })
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  const { tcp, unix } = daemon.addresses
  world.log('info', 'oxd is ready', { tcp: tcp && `${tcp.host}:${tcp.port}`, unix })
}

/** Runs one invocation of `oxd`; sets the exit code. `version` is that of the package. */
export const main = async (argv: readonly string[], version: string): Promise<void> => {
  const [first, ...rest] = argv
  try {
    if (first === '--version') process.stdout.write(`oxd ${version}\n`)
    else if (first !== 'serve') process.exitCode = await runCli(argv, COMMANDS, process)
    else if (rest.includes('--help') || rest.includes('-h')) process.stdout.write(serveHelp())
    else await serve(rest)
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    process.stderr.write(`oxd: ${error.message}\n`)
    process.exitCode = 1
  }
}
