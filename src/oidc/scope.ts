// Scope as OPs say it.
import { z } from 'zod'
import { LIMITS } from '../limits.ts'

/**
 * Scope tokens out of a text with spaces (RFC 6749 section 3.3) or, as some OPs have it, a list.
 * An empty text says nothing.
 */
export const scopeTokens = z
  .union([z.string(), z.array(z.string()).max(LIMITS.op_list_items_max)])
  .transform((said) => [said].flat().flatMap((item) => item.split(/\s+/).filter((token) => token !== '')))
  .pipe(z.array(z.string().max(LIMITS.text_characters_max)).max(LIMITS.op_list_items_max))
