// What oxd-ruby 3.0.1 posts to `/`: the commands of UMA 1, without their names. They are told apart by their members.
import type { Request } from '../dispatch.ts'

export interface NamedCall {
  readonly command: unknown
  readonly params: unknown
}

/** The first row that fits. */
const BY_MEMBERS: readonly { readonly members: readonly string[]; readonly command: string }[] = [
  { members: ['resources'], command: 'uma_rs_protect' },
  { members: ['http_method'], command: 'uma_rs_check_access' },
  { members: ['ticket', 'rpt'], command: 'uma_rp_authorize_rpt' },
  { members: ['scopes'], command: 'uma_rp_get_gat' },
  { members: [], command: 'uma_rp_get_rpt' },
]

/** The body is an envelope as on the socket, or the parameters alone. */
export const atRoot = (body: Request): NamedCall => {
  if (Object.hasOwn(body, 'command')) return { command: body['command'], params: body['params'] }
  const isGiven = (name: string): boolean => Object.hasOwn(body, name) && body[name] !== null
  return { command: BY_MEMBERS.find(({ members }) => members.every(isGiven))?.command, params: body }
}
