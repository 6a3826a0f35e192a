// drop_old_keys: the end of a rotation, from which on only the newest key of a caller is good.
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'
import { shownCaller } from './shown_caller.ts'

/** Forgets every credential of a caller but the newest. */
export const drop_old_keys = adminCommand({
  name: 'drop_old_keys',
  summary: 'Only the newest credential of a caller is good from now on.',
  repeatable: true,
  params: { name: adminFields.caller_name },
  result: { caller: adminFields.caller },
  errors: ['unknown_caller'],
  async run({ name }, { callers }) {
    return { caller: shownCaller(await callers.dropOld(name)) }
  },
})
