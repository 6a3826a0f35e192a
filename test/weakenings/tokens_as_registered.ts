// Tokens that are signed and encrypted as registered, oxd's own keys, and requests that are signed or pushed.
import { weakenings } from './rows.ts'

const JWT_TEST = 'src/oidc/jwt.test.ts'
const ALGORITHMS_TEST = 'test/client_algorithms.test.ts'
const REQUESTS_TEST = 'test/authorization_requests.test.ts'
const USERINFO_TEST = 'src/oidc/userinfo.test.ts'
const KEYS_TEST = 'src/rp_keys.test.ts'

export const TOKENS_AS_REGISTERED = [
  ...weakenings('src/oidc/client_key.ts', JWT_TEST, [
    [
      'HMAC: any signature of the right length',
      'return signature.length === expected.length && timingSafeEqual(signature, expected)',
      'return signature.length === expected.length',
      'is refused with flipped_bit for HS256',
    ],
    [
      'HMAC: a secret of any length',
      "return hash !== undefined && Buffer.byteLength(client_secret ?? '') >= HASH_BYTES[hash]",
      'return hash !== undefined',
      'is refused with a secret of 1 bytes',
    ],
  ]),
  ...weakenings('src/oidc/jwt.ts', JWT_TEST, [
    [
      'JWT: HMAC of whatever secret',
      'if (!isLongEnough(client_secret, alg) || !isSignedWith(client_secret, alg, jws)) {',
      'if (!isSignedWith(client_secret, alg, jws)) {',
      'is refused with a secret of (0|1) bytes',
    ],
    [
      'JWT: a plain one where encryption is registered',
      "if (!isEncrypted(jwt)) throw new OxdError('id_token_not_encrypted')",
      'if (!isEncrypted(jwt)) return jwt',
      'is refused with id_token_not_encrypted: no encryption',
    ],
  ]),
  ...weakenings('src/oidc/jwe.ts', JWT_TEST, [
    [
      'JWE: any algorithm and encryption',
      'if (alg !== registered.alg || enc !== registered.enc) {',
      'if (false) {',
      'is refused with invalid_id_token_encryption: (another algorithm|another encryption)',
    ],
    [
      'JWE: any encryption of the content',
      'if (alg !== registered.alg || enc !== registered.enc) {',
      'if (alg !== registered.alg) {',
      'is refused with invalid_id_token_encryption: another encryption',
    ],
    [
      'JWE: compressed',
      "if (zip !== undefined) throw refused('It is compressed.')",
      '',
      'encryption: compression',
    ],
    [
      'JWE: extensions that nobody understands',
      "if (crit !== undefined) throw refused('It has critical extensions.')",
      '',
      'encryption: (a|no) critical extension',
    ],
    [
      'JWE: of any content',
      "if (cty?.toUpperCase() !== 'JWT') throw refused('Its header does not say cty JWT.')",
      '',
      'encryption: (no|another) cty',
    ],
    [
      'JWE: within a JWE',
      "if (isEncrypted(jws)) throw refused('It is encrypted twice.')",
      '',
      'encryption: a JWE in it',
    ],
    [
      'JWE: of any length',
      'if (jwe.length > LIMITS.token_characters_max) {',
      'if (false) {',
      'is refused when it is larger than any token',
    ],
    [
      'JWE: anything around it',
      "if (!COMPACT.test(jwe)) throw refused('It has other segments.')",
      '',
      'encryption: (a space behind it|no tag)',
    ],
  ]),
  ...weakenings('src/oidc/client_auth.ts', 'src/oidc/client_auth.test.ts', [
    [
      'assertion: for whatever URL the OP names',
      "const aud = hasQuirk('assertion_audience_url') ? url : metadata.issuer",
      'const aud = url',
      'is for the issuer',
    ],
    [
      'assertion: HMAC with a short secret',
      "if (!isLongEnough(client_secret, alg)) throw new OxdError('client_secret_too_short', { what: `(${alg})` })",
      '',
      'a secret of 31 bytes',
    ],
    [
      'assertion: for whoever says a client_id',
      'if (isKnown && said !== undefined && known !== undefined && timingSafeEqual(said, known)) {',
      'if (registered !== undefined) {',
      'is refused (with another secret|of another name)',
    ],
  ]),
  ...weakenings('src/oidc/registration.ts', ALGORITHMS_TEST, [
    [
      'registration: HMAC that the OP chose',
      "if (isHmac(alg) && alg !== asked) throw unsupported('id_token_signed_response_alg', alg, [asked])",
      '',
      'answers with HMAC that nobody asked for',
    ],
  ]),
  ...weakenings('src/oidc/client_algorithms.ts', ALGORITHMS_TEST, [
    [
      'registration: encryption that the OP chose',
      "const isUnasked = isWeaker || (!isAsked && name.includes('_encrypted_'))",
      'const isUnasked = isWeaker',
      'answers with encryption that nobody asked for',
    ],
    [
      'registration: userinfo with HMAC that the OP chose',
      'const isWeaker = value !== wanted && (isHmac(value) || [value, wanted].includes(UNSIGNED))',
      'const isWeaker = value !== wanted && [value, wanted].includes(UNSIGNED)',
      'answers with userinfo with HMAC',
    ],
    [
      'registration: a short secret for HMAC',
      "if (short !== undefined) throw new OxdError('client_secret_too_short', { what: `${short} is registered.` })",
      '',
      'a secret of 31 bytes for HS256',
    ],
    [
      'registration: a short secret for encryption',
      'if (weak !== undefined) {',
      'if (false) {',
      'a secret of (15 bytes for A128KW|31 bytes for dir)',
    ],
    [
      'registration: algorithms that the OP does not offer',
      'if (!both.includes(value)) throw unsupported(parameter, value, both)',
      '',
      'is refused for an encryption that the OP does not offer',
    ],
  ]),
  ...weakenings('src/oidc/userinfo.ts', USERINFO_TEST, [
    [
      'userinfo: JSON instead of a JWT',
      "if (other.test(type)) throw new OxdError('userinfo_not_as_registered')",
      '',
      'is refused with userinfo_not_as_registered',
    ],
    [
      'userinfo: signed for anybody',
      'return (iss === metadata.issuer || mayLack(iss)) && (isOurs || mayLack(aud))',
      'return iss === metadata.issuer || mayLack(iss)',
      'invalid_userinfo_jwt: (another|no) audience',
    ],
    [
      'userinfo: signed by any issuer',
      'return (iss === metadata.issuer || mayLack(iss)) && (isOurs || mayLack(aud))',
      'return isOurs || mayLack(aud)',
      'invalid_userinfo_jwt: (another|no) issuer',
    ],
    [
      'userinfo: claims of other providers',
      'return Object.fromEntries(Object.entries(claims).filter(([name]) => !OF_OTHERS.has(name)))',
      'return claims',
      'has no claims of other providers',
    ],
  ]),
  ...weakenings('src/key_ring.ts', KEYS_TEST, [
    [
      'keys of oxd: used before anybody could see them',
      '): KeptKey | undefined => ring.findLast(({ made_at }) => made_at + rp_key_lead_seconds <= now) ?? ring[0]',
      '): KeptKey | undefined => ring.at(-1 + 0 * (now + rp_key_lead_seconds))',
      'are published for a day before they are used',
    ],
    [
      'keys of oxd: gone with their successor',
      'now < successor.made_at + times.rp_key_lead_seconds + times.rp_key_grace_seconds',
      'now < successor.made_at + times.rp_key_lead_seconds',
      '(are published for a day|open what was encrypted)',
    ],
    [
      'keys of oxd: for ever',
      'ring.every(({ made_at }) => made_at + rp_key_seconds <= now)',
      'false',
      'are so by themselves after 90 days',
    ],
  ]),
  ...weakenings('src/rp_keys.ts', KEYS_TEST, [
    [
      'keys of oxd: two at once add two',
      'keys: isWanted(keys) ? [...liveKeys(keys, now(), limits), key] : keys,',
      'keys: [...liveKeys(keys, now(), limits), key],',
      'are so by themselves after 90 days, once',
    ],
  ]),
  ...weakenings('src/oidc/authorization_request.ts', REQUESTS_TEST, [
    [
      'push: another way when it fails',
      'if (answer.status !== 201) {',
      'if (answer.status >= 500) {',
      'is not replaced by another way',
    ],
    [
      'push: not where the OP requires it',
      'return isRequired || (isOffered && pushed !== false)',
      'return isOffered && pushed !== false',
      'unless the OP insists',
    ],
    [
      'push: a name of any length',
      'request_uri: z.string().min(1).max(LIMITS.url_characters_max),',
      'request_uri: z.string(),',
      'a(n empty request_uri| request_uri without end)',
    ],
  ]),
  ...weakenings('src/oidc/request_object.ts', REQUESTS_TEST, [
    [
      'request object: for any OP',
      'const own = { iss: client_id, client_id, aud: op.metadata.issuer, nbf: op.own.now() }',
      'const own = { iss: client_id, client_id, nbf: op.own.now() }',
      'says whose it is, for whom',
    ],
    [
      'request object: not encrypted where the OP has no key',
      "throw new OxdError('no_op_encryption_key')",
      "throw new OxdError('invalid_request')",
      'is refused where the OP has no key',
    ],
    [
      'request object: encrypted to a key of any length',
      'isLong(candidate) &&',
      '',
      'is refused where the OP has no key to encrypt to: one of 1,024 bits',
    ],
    [
      'request object: encrypted to the first key alone',
      'if (key !== undefined) return { key, named: kid === undefined ? {} : { kid } }',
      "if (key === undefined && isFitting) throw new OxdError('no_op_encryption_key')",
      'behind one that is none',
    ],
  ]),
]
