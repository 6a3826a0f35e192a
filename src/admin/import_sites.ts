// import_sites: the sites of an old oxd are taken over, under the oxd_ids that applications know.
import { OxdError, StartError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { importSites, reportLines, type ImportReport, type SiteSink } from '../moving/import.ts'
import { askIssuer } from '../moving/issuer.ts'
import { openSource } from '../moving/source.ts'
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'

/** A source that is none is a mistake in the request. */
const asRefusal = (error: unknown): never => {
  if (error instanceof StartError) throw new OxdError('invalid_request', { what: error.message })
  throw error
}

/** A reply has its bounds; how many there are stands in the first line. */
const bounded = ({ kept, refused, expired_secrets, unverified, notes, ...counts }: ImportReport) => {
  const first = <T>(list: readonly T[]): T[] => list.slice(0, LIMITS.import_report_items_max)
  return {
    ...counts,
    kept: first(kept),
    refused: first(refused),
    expired_secrets: first(expired_secrets),
    unverified: first(unverified),
    notes: first(notes),
  }
}

/** Takes over the sites of an old oxd; may be repeated. */
export const import_sites = adminCommand({
  name: 'import_sites',
  summary:
    'Takes over the sites of an old oxd. May be repeated: what is there stays, unless `replace` says otherwise.',
  repeatable: true,
  params: {
    from: adminFields.import_from,
    dry_run: adminFields.dry_run.optional(),
    replace: adminFields.replace.optional(),
  },
  result: { report: adminFields.import_report, lines: adminFields.report_lines },
  errors: ['invalid_request'],
  async run({ from, dry_run = false, replace = false }, { sites, uma, ops, world }) {
    const records = await openSource(from, LIMITS).catch(asRefusal)
    // The resources first: a site that is there is not imported again.
    const sink: SiteSink = {
      get: sites.get,
      async insert(site, resources) {
        await uma.adopt(site.oxd_id, resources)
        return sites.insert(site)
      },
      async replace(site, resources) {
        // In turn: neither a change of the site nor one of what it protects comes between the two.
        await sites.inTurn(site.oxd_id, async () => {
          await uma.adopt(site.oxd_id, resources)
          await sites.replace(site)
        })
      },
    }
    const options = { dry_run, replace, now: world.now, issuerOf: askIssuer(ops.door), limits: LIMITS }
    const report = await importSites(records, sink, options).catch(asRefusal)
    return {
      report: bounded(report),
      lines: reportLines(report, { dry_run }).slice(0, LIMITS.import_report_items_max),
    }
  },
})
