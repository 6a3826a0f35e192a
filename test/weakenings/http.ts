// Requests over HTTP that no command should see, and what comes back.
import { weakenings } from './rows.ts'

const HTTP_TEST = 'src/serve/http.test.ts'

export const HTTP = [
  ...weakenings('src/serve/http.ts', HTTP_TEST, [
    [
      'HTTP: from any address',
      "if (!isAllowed(socket.remoteAddress ?? '')) return 'oxd_access_denied'",
      '',
      '^addresses that may call are asked first',
    ],
    [
      'HTTP: the addresses of the start',
      'isAllowed = filter',
      '',
      '^addresses that may call are asked first',
    ],
    [
      'HTTP: any Host',
      "if (!isOwnHost({ host: headers.host, at: socket.localAddress ?? '', certificate })) return 'foreign_host'",
      '',
      '^the door of HTTP refuses a foreign Host',
    ],
    [
      'HTTP: any Origin',
      "if (headers.origin !== undefined) return 'foreign_origin'",
      '',
      '^the door of HTTP refuses every Origin',
    ],
    [
      'HTTP: any media type',
      'app.removeAllContentTypeParsers()',
      'app.removeContentTypeParser(JSON_TYPE)',
      '^the door of HTTP refuses other media types',
    ],
    [
      'HTTP: answers are kept on the way',
      "const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const",
      "const HEADERS = { 'x-content-type-options': 'nosniff' } as const",
      '^the door of HTTP puts the same headers',
    ],
    [
      'HTTP: the type of an answer is guessed',
      "const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const",
      "const HEADERS = { 'cache-control': 'no-store' } as const",
      '^the door of HTTP puts the same headers',
    ],
    [
      'HTTP: a body of any size',
      'bodyLimit: limits.http_body_bytes_max,',
      'bodyLimit: 1_000_000_000,',
      '^the door of HTTP refuses a body that is too large',
    ],
    [
      'HTTP: a refusal that arrives at nobody',
      "if (code === 'frame_too_large') await readAway(raw, limits.close_ms_max)",
      '',
      '^the door of HTTP reads a body that is too large',
    ],
    [
      'HTTP: requests after the end',
      "return stopping ? 'shutting_down' : undefined",
      'return undefined',
      '^the end of a listener refuses a further request',
    ],
  ]),
  ...weakenings('src/serve/http_request.ts', HTTP_TEST, [
    [
      'HTTP: a token of any scheme',
      String.raw`const BEARER = /^bearer +(\S+) *$/i`,
      String.raw`const BEARER = /^\S+ +(\S+) *$/i`,
      '^commands over HTTP take the token of Authorization',
    ],
    [
      'HTTP: text that is no UTF-8 is taken for what it resembles',
      "const UTF8 = new TextDecoder('utf-8', { fatal: true })",
      "const UTF8 = new TextDecoder('utf-8')",
      '^commands over HTTP refuse no UTF-8',
    ],
    [
      'HTTP: the last of two members',
      'const value = parseJson(text)',
      'const value = JSON.parse(text)',
      '^commands over HTTP refuse a member twice',
    ],
    [
      'HTTP: a list of parameters',
      'return isObject(value) ? value : undefined',
      'return Object(value)',
      '^commands over HTTP refuse (a list|null|a text)',
    ],
  ]),
  ...weakenings('src/serve/http_server.ts', HTTP_TEST, [
    [
      'HTTP: headers of any size',
      'maxHeaderSize: limits.http_header_bytes_max,',
      'maxHeaderSize: 10_000_000,',
      '^the door of HTTP refuses headers that are too large',
    ],
    [
      'HTTP: a request has any time',
      'requestTimeout: limits.http_request_ms_max,',
      'requestTimeout: 0,',
      '^bounds of HTTP a request that does not end',
    ],
    [
      'HTTP: whoever takes no answer stays',
      'server.setTimeout(limits.http_idle_ms)',
      '',
      '^bounds of HTTP a connection whose peer takes no answers',
    ],
    [
      'HTTP: any number of connections',
      'server.maxConnections = limits.connections_max',
      '',
      '^bounds of HTTP so many connections',
    ],
  ]),
  ...weakenings('src/serve/http_hosts.ts', 'src/serve/http_hosts.test.ts', [
    [
      'hosts: any address',
      'return isLoopbackAddress(name) || name === plainAddress(at) || certificate?.checkIP(name) !== undefined',
      'return true',
      '^the names under which oxd may be called ',
    ],
    [
      'hosts: the end of a name',
      "return name === 'localhost' || name.endsWith('.localhost') || certificate?.checkHost(name) !== undefined",
      "return name.endsWith('localhost') || certificate?.checkHost(name) !== undefined",
      '^the names under which oxd may be called ',
    ],
  ]),
  ...weakenings('src/serve/http_addresses.ts', 'src/serve/http_addresses.test.ts', [
    [
      'addresses: an IPv4 address that came as an IPv6 one is another',
      'return MAPPED.exec(bare)?.[1] ?? bare',
      'return bare',
      '^the addresses that may call ',
    ],
    [
      'addresses: none are all',
      "if (allowed.includes('*')) return () => true",
      "if (allowed.length === 0 || allowed.includes('*')) return () => true",
      String.raw`^the addresses that may call \(none\)`,
    ],
    [
      'addresses: an entry that is none is passed over',
      'throw new StartError(',
      'return void new StartError(',
      '^the addresses that may call refuses',
    ],
  ]),
  ...weakenings('src/serve/tls.ts', 'src/serve/tls.test.ts', [
    [
      'TLS: the key of another certificate',
      'if (!certificate.checkPrivateKey(keyOf(keyFile, key))) {',
      'if (false) {',
      '^certificate and key ',
    ],
  ]),
  ...weakenings('src/serve/http_listeners.ts', 'src/serve/http_listeners.test.ts', [
    [
      'TLS: files that are of no use take the certificate away',
      'const pair = open.size === 0 ? undefined : tlsOf(changed)',
      'let pair; try { pair = tlsOf(changed) } catch {}',
      '^certificate and key that change stay as they were',
    ],
  ]),
]
