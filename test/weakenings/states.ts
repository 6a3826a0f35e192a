// A state that is unknown, made up, of another site, expired, or used twice; and what a login is bound to.
import { weakenings } from './rows.ts'

export const STATES = [
  ...weakenings('src/login.ts', 'src/login.test.ts', [
    ['login: a state may be used twice', "if (!won) throw refused('used')", '', '^a login is spent once'],
    [
      'login: a state never expires',
      "if (seconds(world) >= recalled.expires_at) throw refused('expired')",
      '',
      '^a login may come back for 15 minutes',
    ],
    [
      'login: a spent state is forgotten when it expires',
      'expires_at: recalled.expires_at + 2 * limits.clock_tolerance_seconds,',
      'expires_at: recalled.expires_at,',
      '^a login stays spent until then',
    ],
    [
      'login: anybody can make a state',
      "if (!authentic) throw refused('not_authentic')",
      '',
      '^a login is refused (when a single bit|at another site)',
    ],
    [
      'login: the bytes of a state are not authenticated',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', oxd_id, String(version), issuer, redirect_uri, ...places)",
      '^a login is refused when a single bit',
    ],
    [
      'login: a state is not bound to its site',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', head, String(version), issuer, redirect_uri, ...places)",
      '^a login is refused at another site',
    ],
    [
      'login: a state is not bound to the version of its site',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', head, oxd_id, issuer, redirect_uri, ...places)",
      '^a login is refused at another version',
    ],
    [
      'login: a state is not bound to its issuer',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', head, oxd_id, String(version), redirect_uri, ...places)",
      '^a login is refused at another issuer',
    ],
    [
      'login: a state is not bound to its redirect URI',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', head, oxd_id, String(version), issuer, ...places)",
      '^a login is refused at other redirect URIs',
    ],
    [
      'login: a state may name a redirect URI that is not there',
      "if (redirect_uri === undefined) throw refused('not_authentic')",
      '',
      '^a login is refused at no redirect URI',
    ],
    [
      'login: a state may be written otherwise',
      "if (bytes.length !== SIZES.get(bytes[0]) || bytes.toString('base64url') !== state) return undefined",
      'if (bytes.length !== SIZES.get(bytes[0])) return undefined',
      '^a login is refused in another writing',
    ],
    [
      'login: a state under another key is taken for one of ours',
      'return bytes.subarray(1, 1 + KEY_ID_BYTES).equals(keys.id.subarray(0, KEY_ID_BYTES)) ? bytes : undefined',
      'return bytes',
      '^a login is finished by another daemon with the same key and store, and by none with another key$',
    ],
    [
      'login: the state of a caller is not bound to its site',
      "if (known.oxd_id !== terms.oxd_id) throw refused('another_site')",
      '',
      '^a login is refused at another site',
    ],
    [
      'login: the state of a caller is not bound to version and issuer',
      "if (known.version !== terms.version || known.issuer !== terms.issuer) throw refused('site_changed')",
      '',
      '^a login is refused at another (version|issuer)',
    ],
    [
      'login: the state of a caller is forgotten when it expires',
      'const kept = { expires_at: expires_at + 2 * limits.clock_tolerance_seconds }',
      'const kept = { expires_at }',
      '^a login keeps the state and the nonce of a caller as long',
    ],
    [
      'login: the nonce follows from the state',
      "nonce: nonce ?? keys.mac('login nonce', state).toString('base64url'),",
      'nonce: nonce ?? s256(state),',
      '^a login has a nonce and a verifier that only the key gives',
    ],
    [
      'login: the verifier follows from the state',
      "const code_verifier = keys.mac('login verifier', state).toString('base64url')",
      'const code_verifier = s256(state)',
      '^a login has a nonce and a verifier that only the key gives',
    ],
    [
      'login: the verifier is the nonce',
      "const code_verifier = keys.mac('login verifier', state).toString('base64url')",
      "const code_verifier = keys.mac('login nonce', state).toString('base64url')",
      '^a login has a nonce and a verifier that only the key gives',
    ],
    [
      'login: a spent state may be lost with the power',
      "const spent = store.kind<Record<string, never>>({ kind: 'spent', durable: true })",
      "const spent = store.kind<Record<string, never>>({ kind: 'spent', durable: false })",
      '^a login is on the disk before it is answered',
    ],
    [
      'login: something is written for a login that may never come back',
      'if (state === undefined && nonce === undefined) {',
      'if (false) {',
      '^a login writes one record when it comes back, and none before',
    ],
    [
      'login: the last ID Token is kept of every site',
      'if (last) await lastIdTokens.put([oxd_id], { id_token }, kept)',
      'await lastIdTokens.put([oxd_id], { id_token }, kept)',
      '^a login leaves its ID Token as the last one only where that is wanted',
    ],
  ]),
]
