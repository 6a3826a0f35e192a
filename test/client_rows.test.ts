// Every client that people have installed, as it speaks on the socket: how it counts, how it reads, what it cannot bear.
// Each row logs a user in, over the real socket, byte by byte as that client writes and reads.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../src/testing/daemon.ts'
import { HOME, REDIRECT, startStory, type Story } from '../src/testing/story.ts'

/** What one connection of a client got: the chunks, as they came. */
type Chunks = readonly Buffer[]

interface Row {
  readonly client: string
  /** The bytes of a request; undefined when this client sends nothing and waits for ever. */
  readonly write: (json: string) => string | undefined
  /** The reply as the client understands it, or undefined while it waits for more. */
  readonly read: (chunks: Chunks) => string | undefined
  /** One connection for everything, or one for each command. */
  readonly keeps: boolean
  readonly update: 'update_site' | 'update_site_registration'
  /** What it sends beside what matters. */
  readonly ballast: Data
  /** What it cannot bear in a reply. */
  readonly bears?: (data: Data) => void
}

const zeros = (zero: string, length: number): string => `${zero}${length}`
const codePoints = (text: string): number => [...text].length
const bytes = (text: string): number => Buffer.byteLength(text)
const all = (chunks: Chunks): Buffer => Buffer.concat(chunks)

/** Reads the first chunk alone, up to `max` bytes of it, and takes its text behind the header for the reply. */
const firstChunk =
  (max = Infinity) =>
  ([chunk]: Chunks): string | undefined =>
    chunk?.subarray(0, max).toString('latin1').slice(4)
/** PHP deletes the digits of the header wherever they stand. */
const phpRead = (chunks: Chunks): string | undefined => {
  const text = chunks[0]?.subarray(0, 8192).toString('latin1')
  return text?.replaceAll(text.slice(0, 4), '')
}
/** Collects until the header's count is reached, in the unit of `length`. */
const counted =
  (length: (text: string) => number) =>
  (chunks: Chunks): string | undefined => {
    const text = all(chunks).toString('utf8')
    return text.length >= 4 && length(text.slice(4)) >= Number(text.slice(0, 4)) ? text.slice(4) : undefined
  }

/** The members of the replies of 3.0, no more and no fewer: Jackson knows no others. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  register_site: ['oxd_id', 'op_host'],
  update: ['oxd_id'],
  get_authorization_url: ['authorization_url'],
  get_tokens_by_code: ['access_token', 'expires_in', 'id_token', 'refresh_token', 'id_token_claims'],
  get_user_info: ['claims'],
  get_logout_uri: ['uri'],
}
const KEYWORDS = new Set(['class', 'def', 'from', 'import', 'is', 'lambda', 'pass', 'return', 'None', 'True'])
/** Python 3.0.1 makes a named tuple of every object. */
const namedTuples = (value: unknown): void => {
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    if (!Array.isArray(value)) {
      assert.match(key, /^[A-Za-z]\w*$/, `${key} is no name in Python`)
      assert.ok(!KEYWORDS.has(key), key)
    }
    namedTuples(member)
  }
}
const listsOfTexts = (value: unknown): void => {
  for (const list of Object.values(value as Data)) {
    assert.ok(Array.isArray(list) && list.every((item) => typeof item === 'string'), JSON.stringify(list))
  }
}
/** C# and Go read claims into maps of lists, and `expires_in` into an int. */
const typed = (data: Data): void => {
  for (const claims of [data.claims, data.id_token_claims]) if (claims !== undefined) listsOfTexts(claims)
  if ('expires_in' in data) assert.ok(Number.isInteger(data.expires_in))
}

const NODE_CONFIG = { https_extension: false, host: 'localhost', port: 8099 }
const NULLS = {
  acr_values: null,
  client_jwks_uri: null,
  client_token_endpoint_auth_method: null,
  client_request_uris: null,
  client_sector_identifier_uri: null,
  contacts: null,
  ui_locales: null,
  claims_locales: null,
  client_id: null,
  client_secret: null,
}
const PHP_BALLAST = {
  ...NULLS,
  client_jwks_uri: '',
  claims_locales: [],
  client_secret_expires_at: 3080736637943,
}
const GO_BALLAST = {
  ...NULLS,
  prompt: '',
  protection_access_token: '',
  client_secret_expires_at: '0001-01-01T00:00:00Z',
}
const CSHARP_BALLAST = {
  ...NULLS,
  client_secret_expires_at: 0,
  client_sector_identifier_uri: [],
  response_type: null,
}

const rubyWrite = (json: string): string =>
  codePoints(json) <= 999 ? zeros('0', codePoints(json)) + json : `${codePoints(json)}${json}`

const ROWS: readonly Row[] = [
  {
    client: 'oxd-python 3.0.1',
    write: (json) => String(json.length).padStart(4, '0') + json,
    read: counted(bytes),
    keeps: true,
    update: 'update_site_registration',
    ballast: { client_sector_identifier_uri: ['https://client.example.com/sector.json'] },
    bears: namedTuples,
  },
  {
    client: 'oxd-python 3.1.3',
    write: (json) => String(json.length).padStart(4, '0') + json,
    read: counted(bytes),
    keeps: true,
    update: 'update_site',
    ballast: { oxd_rp_programming_language: 'python', protection_access_token: '' },
  },
  {
    client: 'oxd-node 3.0.1',
    // Exactly 100 units, or 1000 and more: it sends nothing.
    write: (json) =>
      json.length < 100
        ? zeros('00', json.length) + json
        : json.length > 100 && json.length < 1000
          ? zeros('0', json.length) + json
          : undefined,
    read: counted((text) => text.length),
    keeps: false,
    update: 'update_site_registration',
    ballast: { prompt: 'login' },
  },
  {
    client: 'oxd-node 3.1.4',
    // At exactly 100 units its header has five digits.
    write: (json) =>
      json.length <= 100
        ? zeros('00', json.length) + json
        : json.length < 1000
          ? zeros('0', json.length) + json
          : undefined,
    read: firstChunk(),
    keeps: false,
    update: 'update_site',
    ballast: NODE_CONFIG,
  },
  {
    client: 'oxd-php 3.0.1',
    write: (json) => {
      const frame = json.length <= 999 ? zeros('0', json.length) + json : `${json.length}${json}`
      return frame + frame
    },
    read: phpRead,
    keeps: false,
    update: 'update_site_registration',
    ballast: PHP_BALLAST,
  },
  {
    client: 'oxd-java 3.1.4',
    write: (json) => String(json.length).padStart(4, '0') + json,
    read: counted((text) => text.length),
    keeps: true,
    update: 'update_site',
    ballast: NULLS,
  },
  {
    client: 'oxd-ruby 3.1.3',
    write: rubyWrite,
    read: firstChunk(8192),
    keeps: false,
    update: 'update_site',
    ballast: { id_token_hint: '', ...NULLS },
  },
  {
    client: 'oxd-go 3.0.1',
    write: (json) => String(bytes(json)).padStart(4, '0') + json,
    read: counted(bytes),
    keeps: false,
    update: 'update_site_registration',
    ballast: GO_BALLAST,
    bears: typed,
  },
  {
    client: 'oxd-csharp 3.1.3',
    // What is not ASCII becomes a question mark; from 1000 on there is no header.
    write: (json) => {
      // eslint-disable-next-line no-control-regex -- ASCII is what is meant
      const ascii = json.replaceAll(/[^\u0000-\u007f]/g, '?')
      return ascii.length < 1000 ? zeros('0', ascii.length) + ascii : ascii
    },
    read: firstChunk(10_000),
    keeps: false,
    update: 'update_site',
    ballast: CSHARP_BALLAST,
    bears: typed,
  },
]

/** One connection, as a client keeps it. */
const connection = (port: number) => {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  let chunks: Buffer[] = []
  let heard = (): void => {}
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    heard()
  })
  return {
    end: () => socket.destroy(),
    async ask(request: string, read: Row['read']): Promise<string> {
      chunks = []
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      const late = setTimeout(() => reject(new Error(`no reply to ${request.slice(0, 60)}`)), 10_000)
      heard = () => {
        const reply = read(chunks)
        if (reply !== undefined) resolve(reply)
      }
      socket.write(request)
      return promise.finally(() => clearTimeout(late))
    },
  }
}

const NON_ASCII = 'Zoë 🦊 – ł'

describe('every client, as it speaks', () => {
  let story: Story
  before(async () => {
    story = await startStory()
  })
  after(() => story.close())

  for (const row of ROWS) {
    const { client, write, read, keeps, update, ballast, bears } = row
    it(`${client}: logs a user in`, async () => {
      const kept = keeps ? connection(story.daemon.port) : undefined
      const command = async (name: string, params: Data): Promise<Data> => {
        const json = JSON.stringify({ command: name, params: { ...ballast, ...params } })
        const request = write(json)
        assert.ok(request !== undefined, `${client} sends nothing for ${name} (${json.length} units)`)
        const socket = kept ?? connection(story.daemon.port)
        const reply = await socket.ask(request, read)
        if (kept === undefined) socket.end()
        // The envelope of the wire.
        const { status, data, ...rest } = JSON.parse(reply) as { status: string; data: Data }
        assert.equal(status, 'ok', `${name}: ${reply}`)
        assert.deepEqual(rest, {})
        assert.deepEqual(Object.keys(data), MEMBERS[name === update ? 'update' : name], name)
        bears?.(data)
        return data
      }
      const issuer = story.issuer()
      const { oxd_id } = await command('register_site', {
        op_host: issuer,
        authorization_redirect_uri: REDIRECT,
        post_logout_redirect_uri: HOME,
        scope: ['openid', ' profile', 'email'],
        client_name: NON_ASCII,
      })
      assert.deepEqual(await command(update, { oxd_id, contacts: ['ops@example.com'] }), { oxd_id })
      const { authorization_url } = await command('get_authorization_url', {
        oxd_id,
        scope: ['openid', 'email'],
      })
      const back = new URL(await story.op.authorize(String(authorization_url))).searchParams
      const tokens = await command('get_tokens_by_code', {
        oxd_id,
        code: back.get('code'),
        state: back.get('state'),
      })
      const { claims } = await command('get_user_info', { oxd_id, access_token: tokens.access_token })
      assert.deepEqual((claims as Data).sub, ['alice'])
      await command('get_logout_uri', { oxd_id })
      kept?.end()
      assert.equal(story.op.count(issuer, 'registration'), 1, 'registered once')
      assert.equal(story.op.count(issuer, 'token'), 1, 'redeemed once')
    })

    for (const length of [100, 999, 1000, 1001]) {
      it(`${client}: a request of ${length} units`, async () => {
        const empty = JSON.stringify({ command: 'test', params: { pad: '' } })
        const request = write(
          JSON.stringify({ command: 'test', params: { pad: 'x'.repeat(length - empty.length) } }),
        )
        const isSilent =
          client.startsWith('oxd-node') && (length >= 1000 || (length === 100 && client.endsWith('3.0.1')))
        assert.equal(request === undefined, isSilent)
        if (request === undefined) return
        const socket = connection(story.daemon.port)
        const reply = JSON.parse(await socket.ask(request, read)) as { data: Data }
        socket.end()
        assert.equal(reply.data.error, 'unsupported_operation')
        assert.equal(typeof reply.data.error_description, 'string')
      })
    }
  }
})
