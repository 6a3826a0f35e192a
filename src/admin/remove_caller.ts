// remove_caller: none of a caller's credentials is good from now on; its sites stay.
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'

/** Forgets a caller and its credentials. */
export const remove_caller = adminCommand({
  name: 'remove_caller',
  summary: 'Forgets a caller: its keys are worth nothing any more. Its sites stay.',
  repeatable: false,
  params: { name: adminFields.caller_name },
  result: { removed: adminFields.removed },
  errors: ['unknown_caller'],
  async run({ name }, { callers, fail }) {
    if (!(await callers.remove(name))) throw fail('unknown_caller', { what: 'See oxd callers list.' })
    return { removed: true }
  },
})
