// The OP that a command asks about by op_host, op_discovery_path (3.1) or op_configuration_endpoint (4.2).
import { OxdError } from '../error.ts'
import { whereabouts, type Whereabouts } from './discovery.ts'
import type { QuirkName } from './quirks.ts'

export interface AskedOp {
  readonly op_host?: string | undefined
  readonly op_discovery_path?: string | undefined
  readonly op_configuration_endpoint?: string | undefined
  readonly op_quirks?: readonly (QuirkName | 'none')[] | undefined
}

/** The deviations that were named. */
export const namedQuirks = (named: AskedOp['op_quirks']): readonly QuirkName[] | undefined =>
  named?.filter((name) => name !== 'none')

/**
 * Where that OP is, or the default one, and how it was named.
 * @throws OxdError no_op_host, invalid_op_host, invalid_op_configuration_endpoint
 */
export const askedOp = (
  { op_host: asked, op_discovery_path, op_configuration_endpoint, op_quirks }: AskedOp,
  fallback: string | undefined,
): { readonly op_host: string; readonly where: Whereabouts } => {
  const op_host = asked ?? op_configuration_endpoint ?? fallback
  if (op_host === undefined) throw new OxdError('no_op_host')
  const where = whereabouts(op_host, { op_discovery_path, configuration_endpoint: op_configuration_endpoint })
  return { op_host, where: { ...where, quirks: namedQuirks(op_quirks) } }
}
