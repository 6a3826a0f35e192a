// Scope as OPs say it.
import { z } from 'zod'
import { LIMITS } from '../limits.ts'
import { listOf } from './list.ts'

/**
 * Scope tokens out of a text with spaces (RFC 6749 section 3.3) or, as some OPs have it, a list.
 * An empty text says nothing.
 */
export const scopeTokens = z
  .union([z.string(), listOf(z.string())])
  .transform((said) => [said].flat().flatMap((item) => item.split(/\s+/).filter((token) => token !== '')))
  .pipe(listOf(z.string().max(LIMITS.text_characters_max)))
