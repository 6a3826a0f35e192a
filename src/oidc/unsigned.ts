// JWTs that nobody signed: request objects, where a site asks for that; ID Tokens, where the daemon was weakened for it.
// @see https://www.rfc-editor.org/rfc/rfc7518#section-3.6
import type { Op } from './op.ts'

export const UNSIGNED = 'none'

/**
 * Whether ID Tokens from the token endpoint may be unsigned: who made them the certificate of the OP says then, and nothing else
 * (Core 3.1.3.7 (6)), so never without TLS.
 */
export const mayBeUnsigned = ({
  metadata,
  insecure_unsigned_id_tokens,
}: Pick<Op, 'metadata' | 'insecure_unsigned_id_tokens'>): boolean =>
  insecure_unsigned_id_tokens && new URL(metadata.token_endpoint).protocol === 'https:'
