// `oxd import`: the sites of an old oxd become sites of this one, under the oxd_ids that applications know.
import { isDeepStrictEqual } from 'node:util'
import type { Whereabouts } from '../oidc/discovery.ts'
import type { Client, Site, Sites } from '../site.ts'
import type { BrokenRecord, FoundRecord, OldRecords, SourceLimits } from './found.ts'
import { RecordError, siteOf } from './record.ts'
import type { OldSite, OldUmaResource } from './record.ts'

/** Where sites are put: those of the store, as they are. Resources are for whoever keeps them. */
export interface SiteSink {
  readonly get: Sites['get']
  /** `false` if the oxd_id is taken. */
  readonly insert: (site: Site, uma_resources: readonly OldUmaResource[]) => Promise<boolean>
  readonly replace: (site: Site, uma_resources: readonly OldUmaResource[]) => Promise<void>
}

/** What an OP says of itself. */
export interface SaidIssuer {
  readonly issuer: string
  readonly registration_endpoint?: string | undefined
}

export interface ImportOptions {
  /** Reports what would be done, and does nothing. */
  readonly dry_run: boolean
  /** Overwrites sites that are there and different. */
  readonly replace: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Asks the OP for its issuer, which may differ in the last slash alone; undefined: it cannot be asked, or is another. */
  readonly issuerOf: (where: Whereabouts) => Promise<SaidIssuer | undefined>
  readonly limits: SourceLimits
}

/** What has been done, or would be. No secret is in it. `name`: the oxd_id, or else the file, row or item. */
export interface ImportReport {
  read: number
  imported: number
  replaced: number
  /** They were there already, the same. */
  unchanged: number
  /** They were there already and are different: `replace` overwrites them. */
  readonly kept: string[]
  readonly refused: { readonly name: string; readonly why: string }[]
  /** They were imported, but the OP will not know them any more: register them anew. */
  readonly expired_secrets: string[]
  /** Their OP could not be asked for its issuer, so that what the record says holds. */
  readonly unverified: string[]
  readonly notes: { readonly oxd_id: string; readonly what: string }[]
}

const withoutSlash = (issuer: string): string => issuer.replace(/\/$/, '')

/** Without members that are undefined, as the store keeps it. */
const asStored = (site: Site): unknown => JSON.parse(JSON.stringify({ ...site, version: 0 }))
const isSame = (one: Site, other: Site): boolean => isDeepStrictEqual(asStored(one), asStored(other))

/** Token and secret for changes go to the OP alone (as in registration): another address is not taken over. */
const managedAtOp = (client: Client, site: Site, said: SaidIssuer | undefined): boolean => {
  const { registration_client_uri: uri } = client
  if (uri === undefined) return true
  return [site.issuer, said?.registration_endpoint].some(
    (url) => url !== undefined && URL.canParse(url) && new URL(url).origin === new URL(uri).origin,
  )
}

const ELSEWHERE =
  'client_registration_client_uri is not an address of its OP, so it was left out: changes of the registration are made there by hand.'

/** The site with what its OP says of itself. */
const settled = (
  { site, notes }: OldSite,
  said: SaidIssuer | undefined,
): { readonly site: Site; readonly notes: readonly string[] } => {
  const issuer = said?.issuer ?? site.issuer
  const at = { ...site, issuer }
  if (managedAtOp(site.client, at, said)) return { site: at, notes }
  const { registration_client_uri: _uri, registration_access_token: _token, ...client } = site.client
  return { site: { ...at, client: { ...client, by_hand: true } }, notes: [...notes, ELSEWHERE] }
}

/**
 * Imports what `records` holds. It may be repeated: what is there already is not written again, and nothing that is there
 * is overwritten unless `replace` says so. One record that is no site does not stop the others.
 * @throws OxdError store_unreachable, StartError if the source fails; what was imported until then stays
 */
export const importSites = async (
  records: OldRecords,
  sink: SiteSink,
  options: ImportOptions,
): Promise<ImportReport> => {
  const report: ImportReport = {
    read: 0,
    imported: 0,
    replaced: 0,
    unchanged: 0,
    kept: [],
    refused: [],
    expired_secrets: [],
    unverified: [],
    notes: [],
  }
  const seen = new Set<string>()
  /** Each OP is asked once, however many sites it has. */
  const said = new Map<string, Promise<SaidIssuer | undefined>>()
  const ask = ({ issuer, discovery_url }: Site): Promise<SaidIssuer | undefined> => {
    const key = `${issuer} ${discovery_url}`
    const answer =
      said.get(key) ??
      options.issuerOf({ issuer, discovery_url }).then((found) =>
        // Another issuer would be another OP: that is never taken over.
        found !== undefined && withoutSlash(found.issuer) === withoutSlash(issuer) ? found : undefined,
      )
    said.set(key, answer)
    return answer
  }

  /** The site of a record; undefined if it was refused. */
  const read = (found: FoundRecord | BrokenRecord): OldSite | undefined => {
    try {
      if ('why' in found) throw new RecordError(found.why)
      const old = siteOf(found.oxd_id, found.record)
      // Two that say different things: neither can be known to be right, so the first, which is in, stays.
      if (seen.has(old.site.oxd_id)) throw new RecordError('it comes twice: the first one was taken')
      seen.add(old.site.oxd_id)
      return old
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      report.refused.push({ name: found.name, why: error.message })
      return undefined
    }
  }

  const write = async (site: Site, uma_resources: readonly OldUmaResource[], existing: Site | undefined) => {
    if (existing === undefined) {
      if (!options.dry_run && !(await sink.insert(site, uma_resources)))
        return void report.kept.push(site.oxd_id)
      report.imported += 1
    } else if (isSame(existing, site)) report.unchanged += 1
    else if (!options.replace) report.kept.push(site.oxd_id)
    else {
      // Logins begun with the site that was there cannot be finished with this one.
      if (!options.dry_run) await sink.replace({ ...site, version: existing.version + 1 }, uma_resources)
      report.replaced += 1
    }
  }

  for await (const found of records) {
    report.read += 1
    if (report.read > options.limits.import_records_max) {
      report.refused.push({
        name: found.name,
        why: `there are more than ${options.limits.import_records_max} records: this one and those after it were not read`,
      })
      break
    }
    const old = read(found)
    if (old === undefined) continue
    const { oxd_id } = old.site
    const answer = await ask(old.site)
    const existing = await sink.get(oxd_id)
    // An OP that is down today does not undo what it said when the site was imported.
    const earlier =
      existing !== undefined && withoutSlash(existing.issuer) === withoutSlash(old.site.issuer)
        ? { issuer: existing.issuer, registration_endpoint: existing.client.registration_client_uri }
        : undefined
    const { site, notes } = settled(old, answer ?? earlier)
    await write(site, old.uma_resources, existing)
    if (answer === undefined) report.unverified.push(oxd_id)
    report.notes.push(...notes.map((what) => ({ oxd_id, what })))
    const { client_secret_expires_at: expires_at } = site.client
    if (expires_at !== undefined && expires_at * 1000 <= options.now()) report.expired_secrets.push(oxd_id)
  }
  return report
}

/** The report for a person, line by line. */
export const reportLines = (report: ImportReport, { dry_run }: Pick<ImportOptions, 'dry_run'>): string[] => [
  `${report.read} read, ${report.imported} imported, ${report.replaced} replaced, ${report.unchanged} unchanged, ${report.kept.length} kept, ${report.refused.length} refused${dry_run ? ' (dry run: nothing was written)' : ''}`,
  ...report.refused.map(({ name, why }) => `refused     ${JSON.stringify(name)}: ${why}`),
  ...report.kept.map(
    (id) => `kept        ${id}: a different site is there under this oxd_id; --replace overwrites it`,
  ),
  ...report.expired_secrets.map(
    (id) => `expired     ${id}: its client secret has expired; register the site anew`,
  ),
  ...report.unverified.map(
    (id) =>
      `unverified  ${id}: its OP could not confirm the issuer; see oxd check, then import again with --replace`,
  ),
  ...report.notes.map(({ oxd_id, what }) => `note        ${oxd_id}: ${what}`),
]
