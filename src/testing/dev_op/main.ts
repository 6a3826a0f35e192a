// `npm run dev-op`: the dev OP alone, over https, for people who develop against it; `npm start` runs it too.
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StartError } from '../../error.ts'
import { realWorld } from '../../world.ts'
import { ACCOUNTS } from './accounts.ts'
import { ensureCertificates } from './certificates.ts'
import { startDevOp } from './op.ts'
import { UMA_CONFIGURATION_PATH } from './uma.ts'

const PORT = 8_090

/** A port from the environment. */
const portFrom = (text: string | undefined): number => {
  const port = text === undefined || text === '' ? PORT : Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new StartError(`DEV_OP_PORT is ${JSON.stringify(text)}: it must be a port, a number from 1 to 65535.`)
}

const run = async (env: NodeJS.ProcessEnv): Promise<void> => {
  if (env.NODE_ENV === 'production') {
    throw new StartError(
      'The dev OP does not run with NODE_ENV=production: it has open registration and demo users with known passwords.',
    )
  }
  const world = realWorld((level, message) => console.error(`${level}: ${message}`))
  const folder = resolve(import.meta.dirname, '../../..', env.DEV_DIR || '.dev')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { ca_file, cert_file, key_file } = await ensureCertificates(join(folder, 'tls'), [], world)
  const op = await startDevOp({
    port: portFrom(env.DEV_OP_PORT),
    tls: { key: readFileSync(key_file, 'utf8'), cert: readFileSync(cert_file, 'utf8') },
    ca: readFileSync(ca_file, 'utf8'),
    data_dir: join(folder, 'op'),
    world,
  })

  // Again and again the same signal (a terminal and npm both send it) asks for the same end.
  const stop = () => void op.close()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, stop).on(signal, () => {})

  console.log(`The dev OP is up.

  Issuer   ${op.issuer}
  UMA 2.0  ${op.issuer}${UMA_CONFIGURATION_PATH}
  CA       ${ca_file}
  Daemon   npx oxd serve --trust-op ${op.issuer} --op-ca ${ca_file}
  Users    ${ACCOUNTS.map(({ user, password }) => `${user} / ${password}`).join(', ')}

Ctrl-C stops it.`)
}

try {
  await run(process.env)
} catch (error) {
  console.error(error instanceof StartError ? error.message : error)
  process.exitCode = 1
}
