// What administration tells of a caller: whose it is and what it may, never a key.
import type { Caller } from '../callers.ts'
import { shownTime } from './shown_site.ts'

/** A caller that registers sites may have more of them than a line has room for. */
const SITES_SHOWN = 100

export const shownCaller = ({ name, sites, credentials }: Caller): Record<string, unknown> => ({
  name,
  all_sites: sites === 'all',
  sites: sites === 'all' ? [] : sites.slice(0, SITES_SHOWN),
  sites_count: sites === 'all' ? null : sites.length,
  /** The newest first; the fingerprint of a key tells two keys apart, and nothing of the key. */
  credentials: credentials.map(({ type, sha256, created_at }) => ({
    type,
    sha256,
    created: shownTime(created_at),
  })),
})
