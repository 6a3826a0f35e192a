// Where the sites of an old oxd come from: a folder of files, a dump of its table, or its Redis.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../error.ts'
import { parseJson } from '../oidc/json.ts'
import { CsvError, csvRows } from './csv.ts'
import { recordOf } from './found.ts'
import type { BrokenRecord, FoundRecord, OldRecords, SourceLimits } from './found.ts'
import { isOxdId } from './record.ts'
import { openRedis, redisRecords } from './redis.ts'

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** The name of a record: its oxd_id where it is one, else its place. Swapped columns would put a secret there. */
const nameOf = (oxd_id: unknown, place: string): string => (isOxdId(oxd_id) ? oxd_id : place)

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'

/** The text of a file; `what` it is, if it cannot be read or is too large. */
const readText = (file: string, bytes_max: number): { text: string } | { why: string } => {
  try {
    const stats = statSync(file)
    if (!stats.isFile()) return { why: 'it is no file' }
    if (stats.size > bytes_max) return { why: `it has more than ${bytes_max} bytes` }
    return { text: UTF8.decode(readFileSync(file)) }
  } catch (error) {
    return { why: error instanceof TypeError ? 'it is not UTF-8' : `it cannot be read (${codeOf(error)})` }
  }
}

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
  } catch (error) {
    throw new StartError(`${folder} cannot be read (${codeOf(error)}).`)
  }
}

/** `<uuid>.json`; the originals took every name of this length for a site. */
const FILE_NAME_CHARACTERS = 41
const ENDING = '.json'

/** The files of oxd 2.4 and 3.0. Others in the folder, such as oxd-conf.json, are passed over. */
function* folderRecords(folder: string, limits: SourceLimits): Generator<FoundRecord | BrokenRecord> {
  const names = namesIn(folder).filter(
    (name) => name.length === FILE_NAME_CHARACTERS && name.endsWith(ENDING),
  )
  for (const name of names.sort()) {
    const oxd_id = name.slice(0, -ENDING.length)
    const file = readText(join(folder, name), limits.import_record_bytes_max)
    yield 'why' in file ? { name, why: file.why } : recordOf(name, oxd_id, file.text, limits)
  }
}

const NO_COLUMNS =
  'the dump has no columns `id` and `data` in its first row: see docs/from-oxd.md for the command that writes it'

/** The table `rp` as comma-separated values, with a row of names first. */
export function* csvRecords(text: string, limits: SourceLimits): Generator<FoundRecord | BrokenRecord> {
  const rows = csvRows(text)
  const first = rows.next()
  const header = first.done === true ? [] : first.value.map((name) => name.trim().toLowerCase())
  const [id, data] = [header.indexOf('id'), header.indexOf('data')]
  if (id === -1 || data === -1) throw new StartError(`${NO_COLUMNS}.`)
  let number = 1
  for (const row of rows) {
    number += 1
    const oxd_id = row[id] ?? ''
    const name = nameOf(oxd_id, `row ${number}`)
    yield row.length === header.length
      ? recordOf(name, oxd_id, row[data] ?? '', limits)
      : { name, why: `it has ${row.length} columns, not ${header.length}` }
  }
}

/** The members of an object by their names in lower case: databases write them in either. Undefined if two are the same. */
const lowered = (value: unknown): ReadonlyMap<string, unknown> | undefined => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value).map(([name, member]) => [name.toLowerCase(), member] as const)
  const members = new Map<string, unknown>(entries)
  return members.size === entries.length ? members : undefined
}

/** The table `rp` as a JSON list of `{id, data}`, `data` a text or an object; or one record by itself. */
export function* jsonRecords(text: string, limits: SourceLimits): Generator<FoundRecord | BrokenRecord> {
  // However many sites there are: it was bounded by its size, and somebody waits for it.
  const dump = parseJson(text, Infinity, Infinity)
  if (dump === undefined) throw new StartError('the dump is no JSON, or an object in it has a member twice.')
  for (const [at, item] of (Array.isArray(dump) ? dump : [dump]).entries()) {
    const members = lowered(item)
    const oxd_id = members?.get('id') ?? members?.get('oxd_id')
    const name = nameOf(oxd_id, `item ${at + 1}`)
    const data = members?.has('data') === true ? members.get('data') : item
    if (typeof oxd_id !== 'string') yield { name, why: 'it has no id' }
    else if (typeof data === 'string') yield recordOf(name, oxd_id, data, limits)
    // The whole dump is bounded and was parsed with the same care.
    else yield { name, oxd_id, record: data }
  }
}

const dumpRecords = (file: string, limits: SourceLimits): OldRecords => {
  const read = readText(file, limits.import_dump_bytes_max)
  if ('why' in read) throw new StartError(`${file}: ${read.why}.`)
  const isJson = /^\uFEFF?\s*[[{]/.test(read.text)
  return withFileName(
    file,
    isJson ? jsonRecords(read.text.replace(/^\uFEFF/, ''), limits) : csvRecords(read.text, limits),
  )
}

/** What is wrong with the whole file names the file. */
function* withFileName(
  file: string,
  records: Generator<FoundRecord | BrokenRecord>,
): Generator<FoundRecord | BrokenRecord> {
  try {
    yield* records
  } catch (error) {
    if (!(error instanceof StartError) && !(error instanceof CsvError)) throw error
    throw new StartError(`${file}: ${error.message.replace(/\.$/, '')}.`, { cause: error })
  }
}

/**
 * The records that `from` leads to: a folder of site files, a dump (CSV or JSON), or `redis://host:port/db`.
 * @throws StartError at once or while reading, if there is no such thing or it is none of these
 */
export const openSource = async (from: string, limits: SourceLimits): Promise<OldRecords> => {
  if (/^rediss?:/i.test(from)) return redisRecords(await openRedis(from, limits), limits)
  let isFolder: boolean
  try {
    isFolder = statSync(from).isDirectory()
  } catch (error) {
    throw new StartError(
      `${from} cannot be read (${codeOf(error)}): give a folder of site files, a dump (CSV or JSON), or redis://host:port/db.`,
    )
  }
  return isFolder ? folderRecords(from, limits) : dumpRecords(from, limits)
}
