// The algorithms between a client and its OP, by the names of client metadata: which there are, and what was agreed on.
// @see https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata
import { OxdError } from '../error.ts'
import { HMAC_HASHES, isHmac, isLongEnough } from './client_key.ts'
import type { OpMetadata } from './discovery.ts'
import { DEFAULT_ENCRYPTION, ENCRYPTIONS, isSymmetric, KEY_ALGORITHMS, symmetricKeyBytes } from './jwe.ts'
import { ALGORITHMS } from './keys.ts'
import { OWN_ALGORITHMS } from './own_keys.ts'
import { show } from './said.ts'
import { UNSIGNED } from './unsigned.ts'

interface Row {
  readonly possible: readonly string[]
  /** Where the OP says which it has; one that says nothing is asked all the same. */
  readonly offered: keyof OpMetadata
  /** As the parameter of register_site is called, where that is another name. */
  readonly parameter?: string
}

const SIGNED = [...Object.keys(ALGORITHMS), ...Object.keys(HMAC_HASHES)]
const ASYMMETRIC = KEY_ALGORITHMS.filter((alg) => !isSymmetric(alg))

const ROWS = {
  id_token_encrypted_response_alg: {
    possible: KEY_ALGORITHMS,
    offered: 'id_token_encryption_alg_values_supported',
  },
  id_token_encrypted_response_enc: {
    possible: ENCRYPTIONS,
    offered: 'id_token_encryption_enc_values_supported',
  },
  userinfo_signed_response_alg: {
    possible: SIGNED,
    offered: 'userinfo_signing_alg_values_supported',
    parameter: 'user_info_signed_response_alg',
  },
  userinfo_encrypted_response_alg: {
    possible: KEY_ALGORITHMS,
    offered: 'userinfo_encryption_alg_values_supported',
    parameter: 'user_info_encrypted_response_alg',
  },
  userinfo_encrypted_response_enc: {
    possible: ENCRYPTIONS,
    offered: 'userinfo_encryption_enc_values_supported',
    parameter: 'user_info_encrypted_response_enc',
  },
  authorization_signed_response_alg: {
    possible: SIGNED,
    offered: 'authorization_signing_alg_values_supported',
  },
  authorization_encrypted_response_alg: {
    possible: KEY_ALGORITHMS,
    offered: 'authorization_encryption_alg_values_supported',
  },
  authorization_encrypted_response_enc: {
    possible: ENCRYPTIONS,
    offered: 'authorization_encryption_enc_values_supported',
  },
  request_object_signing_alg: {
    possible: [...OWN_ALGORITHMS, UNSIGNED],
    offered: 'request_object_signing_alg_values_supported',
  },
  request_object_encryption_alg: {
    possible: ASYMMETRIC,
    offered: 'request_object_encryption_alg_values_supported',
  },
  request_object_encryption_enc: {
    possible: ENCRYPTIONS,
    offered: 'request_object_encryption_enc_values_supported',
  },
} as const satisfies Readonly<Record<string, Row>>
type AlgorithmName = keyof typeof ROWS
// The keys of the table are its names.
const NAMES = Object.keys(ROWS) as readonly AlgorithmName[]

/** What was agreed on; what is absent was not asked for. */
export type ClientAlgorithms = { readonly [N in AlgorithmName]?: string | undefined }

const textIn = (values: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export const unsupported = (name: string, value: string, possible: readonly string[]): OxdError => {
  const cure =
    possible.length === 0 ? 'oxd and the OP have none in common' : `use ${[...new Set(possible)].join(', ')}`
  return new OxdError('invalid_algorithm', {
    what: `${name} ${JSON.stringify(show(value))} is not possible: ${cure}.`,
  })
}

/** The key management algorithm beside the encryption of this name. */
const algBeside = (enc: string): string => enc.replace(/_enc$/, '_alg')

/**
 * Refuses algorithms that oxd or the OP does not have, before anything is registered.
 * @throws OxdError invalid_algorithm
 */
export const refuseAlgorithms = (metadata: OpMetadata, asked: Readonly<Record<string, unknown>>): void => {
  for (const name of NAMES) {
    const value = textIn(asked, name)
    if (value === undefined) continue
    const { possible, offered, parameter = name }: Row = ROWS[name]
    const supported = metadata[offered]
    const both = possible.filter((alg) => !Array.isArray(supported) || supported.includes(alg))
    if (!both.includes(value)) throw unsupported(parameter, value, both)
    // Registration 1.0 section 2: one does not go without the other.
    if (name.endsWith('_enc') && textIn(asked, algBeside(name)) === undefined) {
      throw new OxdError('invalid_algorithm', {
        what: `${parameter} needs ${algBeside(parameter)} beside it.`,
      })
    }
  }
}

/** How the OP will send something, whether it was asked or not. */
const isResponse = (name: string): boolean => name.includes('_response_')

/**
 * What holds after the registration: what the OP says, and where it is silent what it was asked for. Of what was not asked for
 * it matters how the OP will answer: that it signs, with an asymmetric algorithm, is well; "none" means that it does not.
 * @throws OxdError invalid_algorithm: a client that gets what oxd cannot read, or what it did not ask for, is of no use
 */
export const agreedAlgorithms = (
  asked: Readonly<Record<string, unknown>>,
  answer: Readonly<Record<string, unknown>>,
): ClientAlgorithms =>
  Object.fromEntries(
    NAMES.flatMap((name) => {
      const wanted = textIn(asked, name)
      const said = isResponse(name) || wanted !== undefined ? textIn(answer, name) : undefined
      const value = said ?? wanted
      if (value === undefined || (wanted === undefined && value === 'none')) return []
      const { possible, parameter = name }: Row = ROWS[name]
      // An OP that says how the content is encrypted, beside the algorithm that was asked for, says what it does by default.
      const isAsked = wanted !== undefined || textIn(asked, algBeside(name)) !== undefined
      const isWeaker = value !== wanted && (isHmac(value) || [value, wanted].includes(UNSIGNED))
      const isUnasked = isWeaker || (!isAsked && name.includes('_encrypted_'))
      if (isUnasked || !possible.includes(value))
        throw unsupported(parameter, value, wanted === undefined ? [] : possible)
      return [[name, value]]
    }),
  )

/** Does the OP need keys of oxd for these? */
export const needsOwnKeys = (asked: Readonly<Record<string, unknown>>): boolean =>
  textIn(asked, 'token_endpoint_auth_method') === 'private_key_jwt' ||
  (textIn(asked, 'request_object_signing_alg') ?? UNSIGNED) !== UNSIGNED ||
  NAMES.some(
    (name) => name.endsWith('_encrypted_response_alg') && ASYMMETRIC.includes(textIn(asked, name) ?? ''),
  )

/**
 * Refuses secrets that are shorter than what is made of them: whoever has one token would guess them (Core 16.19).
 * @throws OxdError client_secret_too_short
 */
export const refuseWeakSecret = (
  client: ClientAlgorithms & {
    readonly client_secret?: string | undefined
    readonly id_token_signed_response_alg: string
    readonly token_endpoint_auth_method: string
    readonly token_endpoint_auth_signing_alg?: string | undefined
  },
): void => {
  const { client_secret = '' } = client
  const assertion =
    client.token_endpoint_auth_method === 'client_secret_jwt'
      ? client.token_endpoint_auth_signing_alg
      : undefined
  const signing = [
    assertion,
    client.id_token_signed_response_alg,
    client.userinfo_signed_response_alg,
    client.authorization_signed_response_alg,
  ]
  const short = signing.find((alg) => alg !== undefined && isHmac(alg) && !isLongEnough(client_secret, alg))
  const weak = (['id_token', 'userinfo', 'authorization'] as const).find((sort) => {
    const alg = client[`${sort}_encrypted_response_alg`]
    const enc = client[`${sort}_encrypted_response_enc`] ?? DEFAULT_ENCRYPTION
    return alg !== undefined && Buffer.byteLength(client_secret) < symmetricKeyBytes({ alg, enc })
  })
  if (short !== undefined) throw new OxdError('client_secret_too_short', { what: `${short} is registered.` })
  if (weak !== undefined) {
    throw new OxdError('client_secret_too_short', {
      what: `${client[`${weak}_encrypted_response_alg`]} is registered.`,
    })
  }
}
