// What administration tells of a key of oxd: all but the key.
import type { ShownKey } from '../rp_keys.ts'
import { shownTime } from './shown_site.ts'

export const shownKey = ({
  kid,
  kind,
  use,
  state,
  made_at,
  used_from,
}: ShownKey): Record<string, unknown> => ({
  kid,
  kind,
  use,
  state,
  made: shownTime(made_at),
  used_from: shownTime(used_from),
})
