// license_status: the original needed a licence; clients of that time ask for it.
import { command } from '../command.ts'
import { fields } from '../fields.ts'

/** Says that everything may be used: oxd needs no licence. */
export const license_status = command({
  name: 'license_status',
  since: '2.4',
  access: 'public',
  summary: 'Says that everything may be used: oxd needs no licence.',
  repeatable: true,
  spec: [],
  params: {},
  result: {
    valid: fields.valid,
    thread_count: fields.thread_count,
    name: fields.license_name,
    features: fields.features,
  },
  more: {},
  errors: [],
  examples: [
    {
      what: 'An old client looks before it begins.',
      params: {},
      result: { valid: true, thread_count: 0, name: null, features: null },
    },
  ],
  run: async () => ({ valid: true, thread_count: 0, name: null, features: null }),
})
