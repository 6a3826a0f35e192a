// The metadata of an OP as get_discovery shows it: what the OP publishes, by the names of oxd 4.x.
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'

/** Where oxd 4.x has another name than OpenID Connect Discovery 1.0, RFC 8414 and the logout specifications. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['userinfo_endpoint', 'user_info_endpoint'],
  ['userinfo_signing_alg_values_supported', 'user_info_signing_alg_values_supported'],
  ['userinfo_encryption_alg_values_supported', 'user_info_encryption_alg_values_supported'],
  ['userinfo_encryption_enc_values_supported', 'user_info_encryption_enc_values_supported'],
  ['revocation_endpoint', 'token_revocation_endpoint'],
  ['frontchannel_logout_supported', 'front_channel_logout_supported'],
  ['frontchannel_logout_session_supported', 'front_channel_logout_session_supported'],
])

/** The name of a member: no `__proto__`, nothing that is no name. */
const NAME = /^[a-z][\w.:/-]{0,127}$/i
const text = z.string().max(LIMITS.text_characters_max)
const VALUE = z.union([text, z.number(), z.boolean(), z.array(text).max(LIMITS.op_list_items_max)])

/** Texts, numbers, flags and lists of texts by their names. */
export type PublishedMetadata = Readonly<Record<string, z.output<typeof VALUE>>>

/**
 * The document, with what is of another shape or longer than anything honest left out.
 * @throws OxdError op_answer_too_large
 */
export const published = (document: Readonly<Record<string, unknown>>): PublishedMetadata => {
  const members = Object.entries(document)
  if (members.length > LIMITS.op_metadata_members_max) {
    throw new OxdError('op_answer_too_large', {
      what: `The discovery document has more than ${LIMITS.op_metadata_members_max} members.`,
    })
  }
  return Object.fromEntries(
    members.flatMap(([name, said]) => {
      const value = VALUE.safeParse(said)
      // An OP that has a name of oxd's beside the specification's would say the same thing twice.
      const isTwice = [...RENAMED].some(([standard, renamed]) => name === renamed && standard in document)
      if (!NAME.test(name) || !value.success || isTwice) return []
      return [[RENAMED.get(name) ?? name, value.data]]
    }),
  )
}
