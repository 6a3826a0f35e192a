// `oxd check URL|FILE.cfg`: can this machine log users in at that OP? One line for each thing that must be so, with its cure.
import { lookup } from 'node:dns'
import { printable, type Terminal } from './cli.ts'
import { readConfig as readCfgFile } from './client/config_file.ts'
import { CLIENT_LIMITS } from './client/limits.ts'
import { openDoor, readCertificates } from './daemon.ts'
import { LIMITS } from './limits.ts'
import { loadConfig } from './load_config.ts'
import { check } from './moving/check.ts'
import { connectLikeTheDoor, goesThroughProxy } from './moving/met.ts'
import type { World } from './world.ts'

const USAGE = `oxd check URL|FILE.cfg [settings]

Walks the way to an OpenID Provider as the daemon would go it: name, TLS, discovery, clock, registration, and for a
configuration file also redirect URIs and file rights. It changes nothing. Settings as for oxd serve, for example
--trust-op ORIGIN or --op-ca FILE (oxd serve --help). Ends with 1 if anything failed.
`

/** @returns the exit code: 0 all is well, 1 something failed, 2 not understood. @throws StartError */
export const runCheckCli = async (
  argv: readonly string[],
  { env, stdout, stderr }: Terminal,
  { now }: Pick<World, 'now'>,
): Promise<number> => {
  const [target = '', ...settings] = argv
  if (['', 'help', '--help', '-h'].includes(target) || settings.includes('--help')) {
    stdout.write(USAGE)
    return 0
  }
  if (target.startsWith('-')) {
    stderr.write('oxd: the URL or the file comes first. See oxd check --help.\n')
    return 2
  }
  const { config } = await loadConfig(settings, env)
  const { trust_op, op_ca, op_proxy, no_proxy, op_host } = config
  const door = openDoor(config, LIMITS)
  const look = { trust_op, op_ca: readCertificates(op_ca), op_proxy, no_proxy, limits: LIMITS }
  try {
    const { lines, exit_code } = await check(target, {
      door,
      connect: connectLikeTheDoor(look),
      lookup,
      proxied: goesThroughProxy(look),
      now,
      limits: LIMITS,
      readCfg: (file) => readCfgFile(file, CLIENT_LIMITS),
      op_host,
    })
    for (const line of lines) stdout.write(`${printable(line, 'line')}\n`)
    return exit_code
  } finally {
    await door.close()
  }
}
