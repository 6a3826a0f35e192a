// Private addresses, names that change their address, certificates; and what others wrote.
import { weakenings } from './rows.ts'

const TOKENS_TEST = 'src/commands/get_tokens_by_code.test.ts'

export const ADDRESSES = [
  ...weakenings('src/oidc/connect.ts', 'src/oidc/http.test.ts', [
    [
      'connect: to private addresses',
      'if (met !== undefined && !trusted.has(origin)) {',
      'if (false) {',
      '^where it does not go every spelling',
    ],
    [
      'connect: only the first address is looked at',
      "const met = kinds.find(({ kind }) => kind !== 'public')",
      "const met = kinds.slice(0, 1).find(({ kind }) => kind !== 'public')",
      '^where it does not go every spelling',
    ],
    [
      'connect: unencrypted to other machines',
      "const away = kinds.find(({ kind }) => kind !== 'loopback')",
      "const away = kinds.find(({ kind }) => kind !== 'loopback' && kind !== 'public')",
      '^where it does not go http only to a trusted origin',
    ],
    [
      'connect: DNS is asked again after the check',
      "opened(connectTcp({ host, port, lookup: pinned(addresses) }), 'connect', signal)",
      "opened(connectTcp({ host, port, lookup: lookup as never }), 'connect', signal)",
      '^where it does not go http: DNS that changes its mind',
    ],
    [
      'connect: DNS is asked again after the check, over TLS',
      'lookup: pinned(addresses),',
      'lookup: lookup as never,',
      '^where it does not go https: DNS that changes its mind',
    ],
    [
      'connect: any certificate',
      'return await tls(target, true, signal)',
      'return await tls(target, false, signal)',
      '^TLS (a CA that this machine does not know|signed by itself|expired)',
    ],
    [
      'connect: the environment turns the check of certificates off',
      'rejectUnauthorized,',
      '',
      '^TLS no environment variable turns the check off',
    ],
    [
      'connect: any time for a connection',
      'const late = AbortSignal.timeout(limits.op_connect_ms)',
      'const late = AbortSignal.timeout(60_000)',
      '^how long and how much a handshake, a lookup',
    ],
    [
      'connect: names of this machine through the proxy',
      'if (isLocalName(host) && (through !== undefined || !trusted.has(url.origin))) return LOCAL',
      '',
      '^through a proxy addresses and names of this machine',
    ],
  ]),
  ...weakenings('src/oidc/address.ts', 'src/oidc/address.test.ts', [
    ['address: 10.0.0.0/8', "['10.0.0.0/8', 'private'],", '', '^addresses: private$'],
    ['address: 127.0.0.0/8', "['127.0.0.0/8', 'loopback'],", '', '^addresses: loopback$'],
    ['address: 169.254.0.0/16', "['169.254.0.0/16', 'link_local'],", '', '^addresses: link_local$'],
    ['address: 172.16.0.0/12', "['172.16.0.0/12', 'private'],", '', '^addresses: private$'],
    ['address: 192.168.0.0/16', "['192.168.0.0/16', 'private'],", '', '^addresses: private$'],
    ['address: metadata', "['169.254.169.254/32', 'metadata'],", '', '^addresses: metadata$'],
    [
      'address: beyond the Internet',
      "return at.width === 32 || within(at, GLOBAL_UNICAST) ? 'public' : 'reserved'",
      "return 'public'",
      '^addresses: reserved$',
    ],
    ['address: 6to4', "[block('2002::/16'), 80n], // 6to4", '', '^addresses: '],
  ]),
  ...weakenings('src/oidc/clean.ts', 'src/oidc/clean.test.ts', [
    [
      'clean: texts of others as they are',
      "const line = text.replace(INVISIBLE, '').replace(BLANK, ' ').trim()",
      'const line = text',
      '^cleaned: ',
    ],
    [
      'clean: texts of others of any length',
      "return line.length <= max ? line : `${line.slice(0, max - 1).replace(HALF, '')}…`",
      'return line',
      '^cleaned: bounded',
    ],
  ]),
  ...weakenings('src/oidc/said.ts', TOKENS_TEST, [
    [
      'said: what the OP said as it is',
      'export const show = (text: string): string => cleaned(text, LIMITS.op_text_characters_max)',
      'export const show = (text: string): string => text',
      '^get_tokens_by_code shows what the OP said',
    ],
    [
      'said: secrets that the OP repeats',
      "const said = short.find((shown) => !repeats(cleaned(shown, Infinity), secrets)) ?? ''",
      'const said = whole',
      '^get_tokens_by_code repeats no secret that the OP repeats',
    ],
  ]),
]
