// rotate_caller: a caller gets a new key; the one before stays good until it is dropped, so that nothing stands still.
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'
import { shownCaller } from './shown_caller.ts'

/** Makes a new key, which is in the reply and nowhere else ever again. */
export const rotate_caller = adminCommand({
  name: 'rotate_caller',
  summary: 'A new key for a caller; the one before stays good until drop_old_keys.',
  repeatable: false,
  params: { name: adminFields.caller_name },
  result: { key: adminFields.caller_key, caller: adminFields.caller },
  errors: ['unknown_caller'],
  async run({ name }, { callers }) {
    const { key, caller } = await callers.rotate(name)
    return { key, caller: shownCaller(caller) }
  },
})
