// The parameters and result members of administration, once; those of sites that are on the wire, too, are in src/fields.ts.
import { z } from 'zod'
import type { FieldMeta } from '../fields.ts'
import { LIMITS } from '../limits.ts'

const text = (meta: FieldMeta) =>
  z
    .string()
    .min(1)
    .max(LIMITS.text_characters_max)
    .meta({ ...meta })
const rows = (description: string) => z.array(z.record(z.string(), z.unknown())).meta({ description })

export const adminFields = {
  // Callers.
  caller_name: text({
    description: 'The name of the caller: 1 to 64 letters, digits, and `_` `.` `-` among them.',
    missing: 'missing_parameter',
  }),
  caller_sites: z
    .array(z.string().min(1).max(LIMITS.text_characters_max))
    .max(LIMITS.list_items_max)
    .meta({ description: 'The sites that the caller may operate: their oxd_ids, or a unique beginning.' }),
  all_sites: z.boolean().meta({ description: 'It may operate all sites that there are and will be.' }),
  no_sites: z.boolean().meta({ description: 'None yet: it may operate those that it registers.' }),
  certificate_sha256: text({
    description: 'SHA-256 of the certificate by which the caller is known instead of a key, in hexadecimal.',
  }),
  caller_key: z.string().nullable().meta({
    description: 'The key, shown this once: oxd keeps its hash. Null for a caller with a certificate.',
    secret: true,
  }),
  caller: z.record(z.string(), z.unknown()).meta({ description: 'Name, sites and credentials.' }),
  callers: rows('Name, sites and credentials of each.'),
  removed: z.boolean().meta({ description: 'Always true: what is not there is an error.' }),

  // Sites.
  site_named: text({
    description: 'An oxd_id, or a beginning of at least 4 characters that only one has.',
    missing: 'missing_parameter',
  }),
  sites: rows('What is told of each site in a list.'),
  site: z
    .record(z.string(), z.unknown())
    .meta({ description: 'All that oxd knows of a site, but for its secrets.' }),

  // Keys of oxd itself.
  keys: rows('What is told of each key.'),
  told_sites: z.int().meta({ description: 'Sites whose OP was told the new keys.' }),
  untold_sites: z.array(z.string()).meta({ description: 'oxd_ids of sites whose OP could not be told.' }),

  // Moving in.
  import_from: text({
    description:
      'Where the old sites are, as the daemon sees it: a folder of site files, a dump (CSV or JSON), or `redis://host:port/db`.',
    missing: 'missing_parameter',
    secret: true,
  }),
  dry_run: z.boolean().meta({ description: 'Report what would be done, and do nothing.' }),
  replace: z.boolean().meta({ description: 'Overwrite sites that are there and different.' }),
  import_report: z.record(z.string(), z.unknown()).meta({ description: 'What was done, or would be.' }),
  report_lines: z.array(z.string()).meta({ description: 'The same for a person.' }),

  // Pages.
  cursor: text({ description: 'Of the page before: the next one is wanted.' }),
  next_cursor: z
    .string()
    .nullable()
    .meta({ description: 'With which to ask for the next page, once and soon; null: this is the last.' }),
} as const
