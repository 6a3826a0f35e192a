// rotate_keys: oxd gets new keys of its own; the old ones stay good until OPs have had the time to see the new ones.
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'
import { tellKeys } from '../told_keys.ts'
import { shownKey } from './shown_key.ts'

/** Makes a new key of each kind that there is, and tells the OPs that cannot fetch it. */
export const rotate_keys = adminCommand({
  name: 'rotate_keys',
  summary: 'New keys of oxd itself; the old ones stay good for a while.',
  repeatable: false,
  params: {},
  result: {
    keys: adminFields.keys,
    told_sites: adminFields.told_sites,
    untold_sites: adminFields.untold_sites,
  },
  errors: [],
  async run(_params, context) {
    const keys = await context.rpKeys.rotate()
    const { told, untold } = await tellKeys(context)
    return { keys: keys.map(shownKey), told_sites: told, untold_sites: [...untold] }
  },
})
