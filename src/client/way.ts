// Which way leads to oxd: its socket, or HTTPS.
import { httpTo } from './http.ts'
import type { ClientLimits } from './limits.ts'
import type { Way } from './pool.ts'
import type { Address } from './settings.ts'
import { socketTo } from './socket.ts'

export const wayTo = (address: Address, limits: Pick<ClientLimits, 'reply_bytes_max'>): Way =>
  'url' in address ? httpTo(address, limits) : socketTo(address, limits)
