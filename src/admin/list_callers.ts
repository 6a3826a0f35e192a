// list_callers: who may give commands, for which sites, since when; page by page.
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'
import { shownCaller } from './shown_caller.ts'

/** All callers, in no meaningful order. */
export const list_callers = adminCommand({
  name: 'list_callers',
  summary: 'The callers, their sites and the ages of their keys.',
  repeatable: false,
  params: { cursor: adminFields.cursor.optional() },
  result: { callers: adminFields.callers, next_cursor: adminFields.next_cursor },
  errors: ['invalid_request'],
  async run({ cursor }, { callers, listings }) {
    const { rows, next_cursor } = await listings.page(cursor, async function* () {
      for await (const caller of callers.list()) yield shownCaller(caller)
    })
    return { callers: rows, next_cursor }
  },
})
