// oidc-provider (Node, certified) from npm with everything on that a relying party can use, over https with a CA of its own.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { Visitor } from '../../src/testing/dev_op/sign_in.ts'
import { createAuthority, createServerCertificate } from '../../src/testing/tls.ts'
import { fillForms, formsIn, textOf, type Form } from './forms.ts'
import { PasswordAsked, USER, type RealOp } from './real_op.ts'

const HOUR = 3_600

const jwk = (use: 'sig' | 'enc', pair: ReturnType<typeof generateKeyPairSync>) => ({
  ...pair.privateKey.export({ format: 'jwk' }),
  use,
  kid: randomUUID(),
})
const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

const configuration = () => ({
  clientBasedCORS: () => false,
  claims: {
    openid: ['sub'],
    profile: ['given_name', 'family_name'],
    email: ['email', 'email_verified'],
    phone: ['phone_number'],
  },
  scopes: ['openid', 'profile', 'email', 'phone', 'offline_access'],
  responseTypes: ['code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token'],
  clientAuthMethods: [
    'client_secret_basic',
    'client_secret_post',
    'client_secret_jwt',
    'private_key_jwt',
    'none',
  ],
  // With HMAC, which it knows but does not offer by itself.
  enabledJWA: {
    idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'],
  },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  jwks: {
    // As OPs do, it publishes keys for signing and for encryption side by side.
    keys: [
      jwk('sig', rsa()),
      jwk('sig', ec()),
      jwk('sig', generateKeyPairSync('ed25519')),
      jwk('enc', rsa()),
    ],
  },
  features: {
    backchannelLogout: { enabled: true },
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    encryption: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    jwtResponseModes: { enabled: true },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
    requestObjects: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  // Back-channel logout and key sets of clients on loopback, where its own dispatcher does not go.
  fetch: (url: string | URL, { method = 'GET', headers = {}, body = null }: RequestInit) =>
    globalThis.fetch(url, { method, headers, body, redirect: 'manual' }),
  findAccount: (_ctx: unknown, accountId: string) => ({
    accountId,
    claims: () => ({
      sub: accountId,
      given_name: USER.given_name,
      family_name: USER.family_name,
      email: USER.email,
      email_verified: true,
      phone_number: USER.phone_number,
    }),
  }),
  ttl: {
    AccessToken: HOUR,
    AuthorizationCode: 60,
    ClientCredentials: HOUR,
    Grant: HOUR,
    IdToken: HOUR,
    Interaction: HOUR,
    RefreshToken: HOUR,
    Session: HOUR,
  },
})

/** Its development pages take any name and password. */
const login: RealOp['login'] = async (authorization_url, redirect_uri, visitor, { password = true } = {}) => {
  const fill = ({ names }: Form) => {
    if (!names.has('password')) return {}
    if (!password) throw new PasswordAsked()
    return { login: USER.name, password: USER.password }
  }
  return fillForms(await visitor.visit(new URL(authorization_url)), redirect_uri, visitor, fill)
}

const logout: RealOp['logout'] = async (logout_url, visitor) => {
  const page = await visitor.visit(new URL(logout_url))
  const [form] = formsIn(page)
  if (form === undefined) throw new Error(`no logout page but ${page.status}: ${textOf(page)}`)
  return (await visitor.visit(form.action, new URLSearchParams({ ...form.fields, logout: 'yes' }))).location
}

export const startOidcProvider = async (): Promise<RealOp> => {
  const authority = await createAuthority('oxd interop')
  const certificate = await createServerCertificate(authority, { names: [], addresses: ['127.0.0.1'] })
  const server = createServer(certificate)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // It was given a port, so the address is no pipe.
  const { port } = server.address() as AddressInfo
  const issuer = `https://127.0.0.1:${port}`
  server.on('request', new Provider(issuer, configuration()).callback())
  // The package does not export its description.
  const { version } = createRequire(import.meta.url)('../../node_modules/oidc-provider/package.json') as {
    version: string
  }
  return {
    name: 'oidc-provider',
    version,
    issuer,
    ca: authority.cert,
    visitor: () => new Visitor({ ca: authority.cert }),
    login,
    logout,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
