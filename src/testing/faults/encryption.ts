// What an OP can do wrong when it encrypts an ID Token.
import { deflateRawSync } from 'node:zlib'
import type { JweFaults } from '../jwe.ts'
import type { Json } from '../jws.ts'
import type { Faults } from '../op.ts'
import { faults } from './fault.ts'

const encrypted = (encryption: JweFaults): Faults => ({ encryption })
const header = (members: Json): Faults => encrypted({ header: (good) => ({ ...good, ...members }) })
const withoutHeader = (name: string): Faults => encrypted({ header: ({ [name]: _, ...rest }) => rest })
const flipped = (at: number): Faults =>
  encrypted({
    segments: (segments) =>
      segments.map((segment, index) => {
        const bytes = Buffer.from(segment, 'base64url')
        if (index === at) bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
        return bytes.toString('base64url')
      }),
  })

const AS_REGISTERED = 'Registration 2'
const ONE_ERROR = 'RFC 7516 11.5'
const POINTS = 'RFC 8725 3.4'
const NESTED = 'Core 10.2'
const COMPACT = 'RFC 7516 9'

/** x of the generator of P-256, and a y that belongs to no point. */
const OFF_CURVE = {
  kty: 'EC',
  crv: 'P-256',
  x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
  y: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE',
}
const ROUNDS = 1_000_000_000
/** Beyond every registered one. */
const LAYERS = 20

export const ENCRYPTION_FAULTS = faults({
  jwe_not_at_all: {
    what: 'The ID Token is not encrypted, though encryption is registered.',
    spec: NESTED,
    faults: encrypted({ plain: true }),
  },
  jwe_rsa1_5: {
    what: 'The ID Token is encrypted with RSA1_5.',
    spec: 'RFC 8725 3.2',
    faults: encrypted({ alg: 'RSA1_5' }),
  },
  jwe_rsa_oaep: {
    what: 'The ID Token is encrypted with RSA-OAEP.',
    spec: AS_REGISTERED,
    faults: encrypted({ alg: 'RSA-OAEP' }),
  },
  jwe_ecdh_es: {
    what: 'The ID Token is encrypted with ECDH-ES.',
    spec: AS_REGISTERED,
    faults: encrypted({ alg: 'ECDH-ES' }),
  },
  jwe_a128kw: {
    what: 'The ID Token is encrypted with A128KW and the client_secret.',
    spec: NESTED,
    faults: encrypted({ alg: 'A128KW' }),
  },
  jwe_dir: {
    what: 'The ID Token is encrypted with the client_secret itself (dir).',
    spec: NESTED,
    faults: encrypted({ alg: 'dir' }),
  },
  jwe_a256gcm: {
    what: 'The content of the ID Token is encrypted with A256GCM.',
    spec: AS_REGISTERED,
    faults: encrypted({ enc: 'A256GCM' }),
  },
  jwe_a128cbc: {
    what: 'The content of the ID Token is encrypted with A128CBC-HS256.',
    spec: AS_REGISTERED,
    faults: encrypted({ enc: 'A128CBC-HS256' }),
  },
  jwe_tag_flipped: {
    what: 'A bit of the authentication tag is wrong.',
    spec: ONE_ERROR,
    faults: flipped(4),
  },
  jwe_tag_short: {
    what: 'The authentication tag has 4 bytes.',
    spec: 'RFC 7518 5.3',
    faults: encrypted({
      segments: (all) =>
        all.map((segment, at) =>
          at === 4 ? Buffer.from(segment, 'base64url').subarray(0, 4).toString('base64url') : segment,
        ),
    }),
  },
  jwe_text_flipped: { what: 'A bit of the ciphertext is wrong.', spec: ONE_ERROR, faults: flipped(3) },
  jwe_iv_flipped: {
    what: 'A bit of the initialization vector is wrong.',
    spec: ONE_ERROR,
    faults: flipped(2),
  },
  jwe_key_flipped: { what: 'A bit of the encrypted key is wrong.', spec: ONE_ERROR, faults: flipped(1) },
  jwe_key_foreign: {
    what: 'The ID Token is encrypted to a key of somebody else, under the name of the registered one.',
    spec: ONE_ERROR,
    faults: encrypted({ stranger: true }),
  },
  jwe_kid_foreign: {
    what: 'The ID Token is encrypted to a key whose name nobody registered.',
    spec: 'RFC 7516 4.1.6',
    faults: header({ kid: 'of-nobody' }),
  },
  jwe_kid_missing: {
    what: 'The encrypted ID Token names no key.',
    spec: 'RFC 7516 4.1.6',
    faults: withoutHeader('kid'),
  },
  jwe_header_swapped: {
    what: 'The header of the encrypted ID Token is not the one that was authenticated.',
    spec: 'RFC 7516 5.2',
    faults: encrypted({
      segments: ([head = '', ...rest]) => [
        Buffer.from(
          JSON.stringify({ ...JSON.parse(Buffer.from(head, 'base64url').toString()), typ: 'JWT' }),
        ).toString('base64url'),
        ...rest,
      ],
    }),
  },
  jwe_password: {
    what: 'The ID Token is encrypted with a password, in a billion rounds (PBES2).',
    spec: 'RFC 7518 4.8.1.2',
    faults: encrypted({
      alg: 'PBES2-HS256+A128KW',
      header: (good) => ({ ...good, p2c: ROUNDS }),
    }),
  },
  jwe_point_off_curve: {
    what: 'The ephemeral key of ECDH-ES is a point that is not on its curve.',
    spec: POINTS,
    faults: header({ epk: OFF_CURVE }),
  },
  jwe_point_zero: {
    what: 'The ephemeral key of ECDH-ES is zero.',
    spec: POINTS,
    faults: header({
      epk: {
        ...OFF_CURVE,
        x: Buffer.alloc(32).toString('base64url'),
        y: Buffer.alloc(32).toString('base64url'),
      },
    }),
  },
  jwe_point_of_p384: {
    what: 'The ephemeral key of ECDH-ES is on another curve than that of the client.',
    spec: POINTS,
    faults: encrypted({ curve: 'P-384' }),
  },
  jwe_point_missing: {
    what: 'The ephemeral key of ECDH-ES is missing.',
    spec: 'RFC 7518 4.6.1.1',
    faults: withoutHeader('epk'),
  },
  jwe_twice: {
    what: 'The ID Token is encrypted twice.',
    spec: 'RFC 8725 3.3',
    faults: encrypted({ layers: 2 }),
  },
  jwe_twenty_times: {
    what: 'The ID Token is encrypted twenty times.',
    spec: 'RFC 8725 3.3',
    faults: encrypted({ layers: LAYERS }),
  },
  jwe_bare_claims: {
    what: 'The claims are encrypted, and nobody has signed them.',
    spec: NESTED,
    faults: encrypted({
      plaintext: (jws) => Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString(),
    }),
  },
  jwe_cty_missing: {
    what: 'The encrypted ID Token does not say that a JWT is in it.',
    spec: 'RFC 7519 5.2',
    faults: withoutHeader('cty'),
  },
  jwe_json: {
    what: 'The ID Token is encrypted in the JSON serialization.',
    spec: COMPACT,
    faults: encrypted({
      jwe(jwe) {
        const [head, encrypted_key, iv, ciphertext, tag] = jwe.split('.')
        return JSON.stringify({ protected: head, encrypted_key, iv, ciphertext, tag })
      },
    }),
  },
  jwe_json_recipients: {
    what: 'The ID Token is encrypted in the JSON serialization, for two recipients.',
    spec: COMPACT,
    faults: encrypted({
      jwe(jwe) {
        const [head, encrypted_key, iv, ciphertext, tag] = jwe.split('.')
        const recipients = [{ encrypted_key }, { header: { kid: 'another' }, encrypted_key }]
        return { protected: head, recipients, iv, ciphertext, tag }
      },
    }),
  },
  jwe_six_segments: {
    what: 'The encrypted ID Token has six segments.',
    spec: COMPACT,
    faults: encrypted({ segments: (segments) => [...segments, 'AA'] }),
  },
  jwe_crit: {
    what: 'The encrypted ID Token has an extension that must be understood.',
    spec: 'RFC 7516 4.1.13',
    faults: header({ crit: ['https://op.example.com/x'], 'https://op.example.com/x': true }),
  },
  jwe_crit_empty: {
    what: 'crit of the encrypted ID Token is an empty list.',
    spec: 'RFC 7516 4.1.13',
    faults: header({ crit: [] }),
  },
  jwe_compressed: {
    what: 'The ID Token is compressed before it is encrypted.',
    spec: 'RFC 8725 3.6',
    faults: encrypted({
      header: (good) => ({ ...good, zip: 'DEF' }),
      plaintext: (jws) => deflateRawSync(jws),
    }),
  },
})
