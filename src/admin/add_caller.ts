// add_caller: an application gets a key, or is known by its certificate from now on.
import { LIMITS } from '../limits.ts'
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'
import { shownCaller } from './shown_caller.ts'
import { siteNamed } from './site_named.ts'

/** Adds a caller for some sites or for all; its key is in the reply, and nowhere else ever again. */
export const add_caller = adminCommand({
  name: 'add_caller',
  summary: 'Adds a caller: an application that proves itself by a key or a certificate.',
  repeatable: false,
  params: {
    name: adminFields.caller_name,
    sites: adminFields.caller_sites.optional(),
    all: adminFields.all_sites.optional(),
    none: adminFields.no_sites.optional(),
    certificate_sha256: adminFields.certificate_sha256.optional(),
  },
  result: { key: adminFields.caller_key, caller: adminFields.caller },
  errors: ['invalid_request', 'caller_exists', 'unknown_site'],
  async run(params, { callers, sites, fail }) {
    const { name, sites: named = [], all = false, none = false, certificate_sha256 } = params
    // Nothing said must not come to mean all, nor a mistake none.
    if ([named.length > 0, all, none].filter(Boolean).length !== 1) {
      throw fail('invalid_request', {
        what: 'Say which sites the caller may operate: some of them, all, or none but those that it registers.',
      })
    }
    const own = new Set<string>()
    for (const one of named) own.add((await siteNamed(one, sites, LIMITS)).oxd_id)
    const may = all ? 'all' : [...own]
    if (certificate_sha256 !== undefined) {
      const caller = await callers.addCertificate(name, may, certificate_sha256)
      return { key: null, caller: shownCaller(caller) }
    }
    const { key, caller } = await callers.add(name, may)
    return { key, caller: shownCaller(caller) }
  },
})
