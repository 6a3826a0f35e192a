// Nobody makes oxd contact what only this machine or its network can reach: every way to name an address, every place that
// it can be named, and every redirect. Each place is tried with an honest address first.
import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Data, Envelope } from '../src/testing/daemon.ts'
import { reply, type EndpointName, type Fault, type Faults } from '../src/testing/op.ts'
import { startStory, type Story } from '../src/testing/story.ts'

/** What must not be contacted; PORT is open at 127.0.0.9 and ::1. */
const PAYLOADS: readonly string[] = [
  'https://127.0.0.9:PORT',
  'http://127.0.0.9:PORT',
  'https://127.9:PORT',
  'https://0.0.0.0:PORT',
  'https://0:PORT',
  'https://localhost:PORT',
  'https://localhost.:PORT',
  'https://a.localhost:PORT',
  'https://2130706441:PORT',
  'https://0x7f000009:PORT',
  'https://0177.0.0.011:PORT',
  'https://0177.0.0.9:PORT',
  'https://[::1]:PORT',
  'https://[::]:PORT',
  'https://[::ffff:127.0.0.9]:PORT',
  'https://[::127.0.0.9]:PORT',
  'https://[64:ff9b::7f00:9]:PORT',
  'https://[2002:7f00:9::1]:PORT',
  'https://[::1%25lo]:PORT',
  'https://169.254.169.254',
  'https://[fd00:ec2::254]',
  'https://10.0.0.1:22',
  'https://172.16.0.1:25',
  'https://192.168.0.1:6379',
  'https://100.64.0.1:11211',
  'https://198.18.0.1',
  'https://[fc00::1]',
  'https://[fe80::1]',
  'https://224.0.0.1',
  'https://255.255.255.255',
]
const SPECIAL = /restricted_op_host|invalid_|no_connect|failed_to_get_issuer|malformed|missing_iss|foreign/

describe('what oxd is told to contact', () => {
  let story: Story
  let canaries: readonly Server[]
  let contacts = 0
  let port = 0
  before(async () => {
    story = await startStory({ limits: { op_total_ms: 3_000, op_connect_ms: 2_000 } })
    const open = (host: string, at: number): Promise<Server> =>
      new Promise((resolve, reject) => {
        const server = createServer((socket) => {
          contacts += 1
          socket.destroy()
        })
        server.once('error', reject)
        server.listen(at, host, () => resolve(server))
      })
    const first = await open('127.0.0.9', 0)
    // A TCP server's address is an object; only pipes have text.
    port = (first.address() as AddressInfo).port
    canaries = [first, await open('::1', port)]
  })
  after(async () => {
    for (const server of canaries) server.close()
    await story.close()
  })

  const metadata =
    (name: string, path: string) =>
    (address: string): Faults => ({ discovery: (good) => ({ ...good, [name]: `${address}${path}` }) })
  const native = { oxd: 1 }
  const register = (issuer: string, params: Data = {}): Promise<Envelope> =>
    story.daemon.call(
      'register_site',
      { op_host: issuer, authorization_redirect_uri: 'https://client.example.com/callback', ...params },
      native,
    )
  /** A login at an issuer with these faults, and userinfo with its token. */
  const login = async (faults: Faults): Promise<Envelope> => {
    const issuer = story.issuer(faults)
    const registered = await register(issuer)
    if (registered.status === 'error') return registered
    const { oxd_id } = registered.data
    const url = await story.daemon.call('get_authorization_url', { oxd_id }, native)
    if (url.status === 'error') return url
    const back = new URL(await story.op.authorize(String(url.data.authorization_url))).searchParams
    const [code, state] = [back.get('code'), back.get('state')]
    const tokens = await story.daemon.call('get_tokens_by_code', { oxd_id, code, state }, native)
    if (tokens.status === 'error') return tokens
    const { access_token } = tokens.data
    return story.daemon.call('get_user_info', { oxd_id, access_token }, native)
  }
  const registration = (address: string): Faults => ({
    registration: (good) => ({ ...good, registration_client_uri: `${address}/register/x` }),
  })

  /** Where an address is named, and what then happens with it. */
  const SINKS: Readonly<Record<string, (address: string) => Promise<Envelope>>> = {
    op_host: (address) => register(address),
    op_configuration_endpoint: (address) =>
      register('', { op_configuration_endpoint: `${address}/.well-known/openid-configuration` }),
    registration_endpoint: (address) => login(metadata('registration_endpoint', '/register')(address)),
    token_endpoint: (address) => login(metadata('token_endpoint', '/token')(address)),
    jwks_uri: (address) => login(metadata('jwks_uri', '/jwks')(address)),
    userinfo_endpoint: (address) => login(metadata('userinfo_endpoint', '/userinfo')(address)),
    registration_client_uri: (address) => login(registration(address)),
    'the host of WebFinger': (address) => story.daemon.call('get_issuer', { resource: address }, native),
    'the iss of a third-party login': async (address) => {
      const { oxd_id } = await story.site()
      return story.daemon.call('initiate_third_party_login', { oxd_id, iss: address }, native)
    },
  }
  for (const [sink, name] of Object.entries(SINKS)) {
    it(`${sink}: is refused, and nobody is contacted`, async () => {
      assert.equal((await login({})).status, 'ok', 'the twin')
      for (const payload of PAYLOADS) {
        const { status, data } = await name(payload.replace('PORT', String(port)))
        assert.equal(status, 'error', `${payload}: ${JSON.stringify(data)}`)
        assert.match(String(data.error), SPECIAL, payload)
      }
      assert.equal(contacts, 0)
    })
  }

  const REDIRECTING: readonly EndpointName[] = ['discovery', 'registration', 'token', 'jwks', 'userinfo']
  for (const endpoint of REDIRECTING) {
    it(`a redirect from ${endpoint}: is not followed, and nobody is contacted`, async () => {
      for (const [i, payload] of PAYLOADS.entries()) {
        const lie: Fault = reply.redirect(
          payload.replace('PORT', String(port)),
          [301, 302, 303, 307, 308][i % 5],
        )
        assert.equal((await login({ [endpoint]: lie })).status, 'error', payload)
      }
      assert.equal(contacts, 0)
    })
  }

  it('claims that are said to be elsewhere are not fetched', async () => {
    const endpoint = `http://127.0.0.9:${port}/claims`
    const sources = { _claim_names: { age: 's' }, _claim_sources: { s: { endpoint, access_token: 'x' } } }
    const { status } = await login({
      id_token: { claims: (good) => ({ ...good, ...sources }) },
      userinfo: (good) => ({ ...good, ...sources }),
    })
    assert.equal(status, 'ok')
    assert.equal(contacts, 0)
  })

  it('says the same of a port that is open and of one that is not: it has tried neither', async () => {
    const said = async (at: number): Promise<string> => {
      const { data } = await register(`https://127.0.0.9:${at}`)
      return String(data.error_description)
        .replaceAll(`:${at}`, ':PORT')
        .replace(/\[ref .*\]/, '')
    }
    const open = await said(port)
    for (const at of [1, 22, 6_379]) assert.equal(await said(at), open)
    assert.equal(contacts, 0)
  })
})
