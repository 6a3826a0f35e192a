// Opening the data directory and its key together: neither may be made anew while the other one is there to be lost.
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { OxdError, StartError } from '../error.ts'
import type { Limits } from '../limits.ts'
import type { World } from '../world.ts'
import type { Engine, SecondsClock } from './engine.ts'
import { errnoOf, isInside, orStartError, publish, refuseOthers, sync, writeNew } from './files.ts'
import { createMemoryEngine } from './memory.ts'
import { createKeys, keyIdOf, type Keys, MASTER_KEY_BYTES, open, seal } from './seal.ts'
import { createSqliteFile, openSqliteEngine } from './sqlite.ts'
import { createStore, type Store } from './store.ts'

const DATABASE = 'oxd.db'
/** A key in text is 64 characters at most; what is longer is some other file. */
const KEY_FILE_BYTES_MAX = 256
const HEX = /^[0-9a-f]{64}$/i
const BASE64 = /^[\w+/-]{43}=?$/

/** Sealed when the store is made: only the key that opens it is the key of the store. */
const CHECK_KEY = 'check/key'
const CHECK_PLACE = { kind: 'check', name: 'key', version: 1, expires_at: null } as const
const CHECK_TEXT = Buffer.from('oxd')

const parseKey = (text: string, where: string): Buffer => {
  const trimmed = text.trim()
  if (HEX.test(trimmed)) return Buffer.from(trimmed, 'hex')
  // Node's base64 reader takes both alphabets.
  if (BASE64.test(trimmed)) return Buffer.from(trimmed, 'base64')
  throw new StartError(
    `${where} holds no key: expected are ${MASTER_KEY_BYTES} bytes as base64url, base64 or hex; restore it from the backup.`,
  )
}

const readKeyFile = (path: string): Buffer | undefined =>
  orStartError(`Cannot read the key file ${path}`, () => {
    let fd: number
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
    try {
      const stats = fstatSync(fd)
      if (!stats.isFile())
        throw new StartError(`The key file ${path} is not a file: name another with --key-file.`)
      refuseOthers('The key file', path, stats, '600')
      if (stats.size > KEY_FILE_BYTES_MAX)
        throw new StartError(`The key file ${path} is too large to be a key.`)
      return parseKey(readFileSync(fd, 'utf8'), `The key file ${path}`)
    } finally {
      closeSync(fd)
    }
  })

/** Names of their own for unfinished files, so that processes that start at once do not write into each other's. */
const temporaryOf = (path: string, random: World['random']): string =>
  `${path}.${random(8).toString('hex')}.new`

/** Makes the key file, complete or not at all; the key in it may be that of a process that was faster. */
const makeKeyFile = (path: string, random: World['random']): Buffer => {
  const master = random(MASTER_KEY_BYTES)
  const made = orStartError(`Cannot make the key file ${path}`, () => {
    const temporary = temporaryOf(path, random)
    writeNew(temporary, `${master.toString('base64url')}\n`)
    return publish(temporary, path)
  })
  if (made) return master
  const other = readKeyFile(path)
  if (other === undefined) throw new StartError(`The key file ${path} cannot be made: is it a broken link?`)
  return other
}

const prepareDirectory = (path: string): void => {
  orStartError(`Cannot make the data directory ${path}`, () => {
    try {
      // Not recursive: under a folder that is missing there may be a mount that is missing.
      mkdirSync(path, { mode: 0o700 })
      sync(dirname(path))
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
  })
  orStartError(`Cannot use the data directory ${path}`, () => {
    const stats = statSync(path)
    if (!stats.isDirectory())
      throw new StartError(`The data directory ${path} is a file: name a folder with --data-dir.`)
    refuseOthers('The data directory', path, stats, '700')
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  })
}

const isThere = (path: string): boolean =>
  orStartError(`Cannot look for ${path}`, () => lstatSync(path, { throwIfNoEntry: false }) !== undefined)

interface Opening {
  readonly path: string
  readonly keys: Keys
  readonly world: World
  readonly limits: Limits
}

const openEngine = (path: string, { world, limits }: Opening): Engine => {
  const now: SecondsClock = () => Math.floor(world.now() / 1000)
  const { store_busy_ms: busy_ms, store_wal_bytes_max: wal_bytes_max } = limits
  return openSqliteEngine({ path, now, busy_ms, wal_bytes_max })
}

/** Makes the database beside its place and publishes it with its check record in it; `false`: another was faster. */
const makeDatabase = async (opening: Opening): Promise<boolean> => {
  const { path, keys, world } = opening
  const temporary = temporaryOf(path, world.random)
  try {
    orStartError(`Cannot make ${path}`, () => createSqliteFile(temporary))
    const engine = openEngine(temporary, opening)
    const body = seal(keys, CHECK_PLACE, CHECK_TEXT, world.random)
    try {
      await engine.write(CHECK_KEY, { ...CHECK_PLACE, expected: 0, body, durable: true })
    } finally {
      await engine.close()
    }
    return orStartError(`Cannot make ${path}`, () => publish(temporary, path))
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(temporary + suffix, { force: true })
  }
}

const refuseWrongKey = async (engine: Engine, { path, keys }: Opening, keyAt: string): Promise<void> => {
  const check = await engine.read(CHECK_KEY)
  if (check === undefined)
    throw new StartError(`${path} has lost its check record: restore it from the backup.`)
  try {
    open(keys, { ...CHECK_PLACE, version: check.version, expires_at: check.expires_at }, check.body)
  } catch (error) {
    const ids = `the key is ${keys.id.toString('hex')}, the store was sealed under ${keyIdOf(check.body)}`
    throw new StartError(
      `The store ${path} does not open with ${keyAt} (${ids}): restore the right key; to start anew, move ${dirname(path)} away.`,
      { cause: error },
    )
  }
}

export interface OpenStoreOptions {
  /** Made with mode 0700 if it is not there; its parent must be. */
  readonly data_dir: string
  /** Beside, never inside, `data_dir`. */
  readonly key_file: string
  /** From `OXD_KEY`: 32 bytes as base64url, base64 or hex. Then no key file is needed, and none is made. */
  readonly key?: string | undefined
  readonly world: World
  readonly limits: Limits
}

export interface OpenedStore {
  readonly store: Store
  readonly keys: Keys
}

/** Whether `data_dir` holds a store, or what is left of one. @throws StartError */
export const isStoreIn = (data_dir: string): boolean =>
  [DATABASE, `${DATABASE}-wal`].some((name) => isThere(join(resolve(data_dir), name)))

/** A store in memory, with a key that nobody keeps: it ends with the process. */
export const openEmptyStore = ({
  world,
  limits,
}: Pick<OpenStoreOptions, 'world' | 'limits'>): OpenedStore => {
  const keys = createKeys(world.random(MASTER_KEY_BYTES))
  const engine = createMemoryEngine(() => Math.floor(world.now() / 1000))
  return { store: createStore(engine, keys, world, limits), keys }
}

/**
 * Opens the store of `data_dir`, or makes it together with its key, and says so. Processes that start at once make one.
 * The order makes a crash harmless: a key without a store begins a new store, a store is there only with a key.
 * @throws {StartError} one line: what, where, what to do
 */
export const openStore = async (options: OpenStoreOptions): Promise<OpenedStore> => {
  const { key, world, limits } = options
  const directory = resolve(options.data_dir)
  const keyFile = resolve(options.key_file)
  if (orStartError(`Cannot use ${keyFile}`, () => isInside(keyFile, directory)))
    throw new StartError(
      `The key file ${keyFile} is inside the data directory ${directory}, whose backup it must not be part of: name another with --key-file.`,
    )
  const given = key === undefined ? undefined : parseKey(key, 'OXD_KEY')
  prepareDirectory(directory)

  // The database is looked for before the key: they are made in the other order.
  const path = join(directory, DATABASE)
  const fresh = !isThere(path)
  if (fresh && isThere(`${path}-wal`))
    throw new StartError(
      `${path} is gone, its ${DATABASE}-wal is there: restore the backup; to start anew, move ${directory} away.`,
    )
  const kept = readKeyFile(keyFile)
  if (given !== undefined && kept !== undefined && !given.equals(kept))
    throw new StartError(`OXD_KEY and the key file ${keyFile} are different keys: remove the wrong one.`)
  const known = given ?? kept
  if (known === undefined && !fresh)
    throw new StartError(
      `The key of the store ${path} is missing: restore ${keyFile} from its backup or set OXD_KEY; to start anew, move ${directory} away.`,
    )

  const master = known ?? makeKeyFile(keyFile, world.random)
  const keyAt = given === undefined ? `the key file ${keyFile}` : 'OXD_KEY'
  const opening: Opening = { path, keys: createKeys(master), world, limits }
  try {
    if (fresh && (await makeDatabase(opening))) {
      const lost =
        known === undefined
          ? ''
          : ' The key was there before: if a store was too, stop oxd and restore its backup.'
      world.log(
        'warn',
        `A new, empty store was made: ${path}. Its key is ${keyAt}. Back up both, apart.${lost}`,
      )
    }
    const engine = openEngine(path, opening)
    try {
      await refuseWrongKey(engine, opening, keyAt)
    } catch (error) {
      await engine.close()
      throw error
    }
    return { store: createStore(engine, opening.keys, world, limits), keys: opening.keys }
  } catch (error) {
    if (error instanceof OxdError)
      throw new StartError(`Cannot open ${path}. ${error.message}`, { cause: error })
    throw error
  }
}
