// list_keys: the keys of oxd itself, which of them are used, and since when.
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'
import { shownKey } from './shown_key.ts'

/** Names and times alone; the public members are at `get_rp_jwks`. */
export const list_keys = adminCommand({
  name: 'list_keys',
  summary: 'The keys of oxd itself and their ages.',
  repeatable: true,
  params: {},
  result: { keys: adminFields.keys },
  errors: [],
  async run(_params, { rpKeys }) {
    return { keys: (await rpKeys.shown()).map(shownKey) }
  },
})
