// A record of an old oxd as it was found, before it is known whether it is a site.
import type { Limits } from '../limits.ts'
import { parseJson } from '../oidc/json.ts'

/** A record as it was found; `name` is what the report calls it and holds nothing of its content. */
export interface FoundRecord {
  readonly name: string
  readonly oxd_id: string
  readonly record: unknown
}
/** What looked like a record and cannot be one. */
export interface BrokenRecord {
  readonly name: string
  readonly why: string
}
export type OldRecords = AsyncIterable<FoundRecord | BrokenRecord> | Iterable<FoundRecord | BrokenRecord>

export type SourceLimits = Pick<
  Limits,
  'import_record_bytes_max' | 'import_dump_bytes_max' | 'import_records_max' | 'import_redis_ms'
>

const NO_JSON = 'it is no JSON object, or has a member twice'

/** A record out of its JSON text. */
export const recordOf = (
  name: string,
  oxd_id: string,
  text: string,
  limits: SourceLimits,
): FoundRecord | BrokenRecord => {
  if (Buffer.byteLength(text) > limits.import_record_bytes_max) {
    return { name, why: `it has more than ${limits.import_record_bytes_max} bytes` }
  }
  const record = parseJson(text)
  return record === undefined ? { name, why: NO_JSON } : { name, oxd_id, record }
}
