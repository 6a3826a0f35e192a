// The OPs of docs/your-op.md, as their public documents describe them: endpoints, what they support, what they leave out.
import type { StubOp } from './stub_op.ts'

const SCOPES = ['openid', 'profile', 'email', 'offline_access']
const asksOffline = (asked: URLSearchParams): boolean =>
  asked.get('scope')?.split(' ').includes('offline_access') === true
const BOTH = ['client_secret_basic', 'client_secret_post'] as const
const ALICE = {
  given_name: 'Alice',
  family_name: 'Liddell',
  name: 'Alice Liddell',
  email: 'alice@example.com',
}

/** https://docs.gluu.org/4.5/admin-guide/openid-connect/ */
const GLUU_ISSUER = 'https://gluu.corp.example'
const GLUU = `${GLUU_ISSUER}/oxauth/restv1`
const gluu: StubOp = {
  name: 'Gluu',
  issuer: GLUU_ISSUER,
  document: {
    authorization_endpoint: `${GLUU}/authorize`,
    token_endpoint: `${GLUU}/token`,
    userinfo_endpoint: `${GLUU}/userinfo`,
    jwks_uri: `${GLUU}/jwks`,
    registration_endpoint: `${GLUU}/register`,
    end_session_endpoint: `${GLUU}/end_session`,
    introspection_endpoint: `${GLUU}/introspection`,
    scopes_supported: [
      'openid',
      'profile',
      'email',
      'address',
      'phone',
      'offline_access',
      'uma_protection',
      'oxd',
    ],
    response_types_supported: ['code', 'id_token', 'token', 'code id_token', 'code token', 'id_token token'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: [
      'authorization_code',
      'implicit',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:uma-ticket',
    ],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'ES256'],
    token_endpoint_auth_methods_supported: [...BOTH, 'client_secret_jwt', 'private_key_jwt'],
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
  },
  methods: BOTH,
  refreshes: asksOffline,
  claims: { oxOpenIDConnectVersion: 'openidconnect-1.0', acr: 'simple_password_auth', amr: ['10'] },
  user: { sub: 'Tc0oRCRVLMTnWPLgTmXY', ...ALICE, updated_at: 1_700_000_000 },
}

/** https://docs.jans.io/stable/janssen-server/auth-server/endpoints/ */
const JANSSEN_ISSUER = 'https://jans.corp.example'
const JANSSEN = `${JANSSEN_ISSUER}/jans-auth/restv1`
const janssen: StubOp = {
  ...gluu,
  name: 'Janssen',
  issuer: JANSSEN_ISSUER,
  document: {
    ...gluu.document,
    authorization_endpoint: `${JANSSEN}/authorize`,
    token_endpoint: `${JANSSEN}/token`,
    userinfo_endpoint: `${JANSSEN}/userinfo`,
    jwks_uri: `${JANSSEN}/jwks`,
    registration_endpoint: `${JANSSEN}/register`,
    end_session_endpoint: `${JANSSEN}/end_session`,
    introspection_endpoint: `${JANSSEN}/introspection`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  },
  claims: { acr: 'basic', amr: [], sid: '0f8c2a5e-6ad2-4a2f-8f0f-8d9a1f6f5c11' },
}

/** https://www.keycloak.org/securing-apps/oidc-layers */
const KEYCLOAK_ISSUER = 'https://sso.corp.example/realms/staff'
const KEYCLOAK = `${KEYCLOAK_ISSUER}/protocol/openid-connect`
const keycloak: StubOp = {
  name: 'Keycloak',
  issuer: KEYCLOAK_ISSUER,
  document: {
    authorization_endpoint: `${KEYCLOAK}/auth`,
    token_endpoint: `${KEYCLOAK}/token`,
    introspection_endpoint: `${KEYCLOAK}/token/introspect`,
    userinfo_endpoint: `${KEYCLOAK}/userinfo`,
    end_session_endpoint: `${KEYCLOAK}/logout`,
    jwks_uri: `${KEYCLOAK}/certs`,
    registration_endpoint: `${KEYCLOAK_ISSUER}/clients-registrations/openid-connect`,
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    grant_types_supported: [
      'authorization_code',
      'implicit',
      'refresh_token',
      'password',
      'client_credentials',
    ],
    response_types_supported: [
      'code',
      'none',
      'id_token',
      'token',
      'id_token token',
      'code id_token',
      'code token',
    ],
    response_modes_supported: [
      'query',
      'fragment',
      'form_post',
      'query.jwt',
      'fragment.jwt',
      'form_post.jwt',
      'jwt',
    ],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: [
      'PS384',
      'RS384',
      'EdDSA',
      'ES384',
      'HS256',
      'ES256',
      'RS256',
      'PS256',
    ],
    token_endpoint_auth_methods_supported: [
      'private_key_jwt',
      ...BOTH,
      'tls_client_auth',
      'client_secret_jwt',
    ],
    scopes_supported: SCOPES,
    code_challenge_methods_supported: ['plain', 'S256'],
    authorization_response_iss_parameter_supported: true,
  },
  methods: BOTH,
  client: { client_id: 'my-site', client_secret: 'the-secret-from-the-tab-Credentials' },
  // Its policy of trusted hosts, for registrations by nobody in particular.
  registration: {
    status: 403,
    body: { error: 'insufficient_scope', error_description: "Policy 'Trusted Hosts' rejected request" },
  },
  refreshes: () => true,
  claims: { typ: 'ID', sid: '6e1f4b9a-52a4-4a0c-9a6f-4f0a7c9d1b2e', acr: '1', azp: 'my-site' },
  user: { sub: 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', ...ALICE, email_verified: true },
}

/** https://developers.google.com/identity/openid-connect/openid-connect */
const google: StubOp = {
  name: 'Google',
  issuer: 'https://accounts.google.com',
  document: {
    authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
    device_authorization_endpoint: 'https://oauth2.googleapis.com/device/code',
    token_endpoint: 'https://oauth2.googleapis.com/token',
    userinfo_endpoint: 'https://openidconnect.googleapis.com/v1/userinfo',
    revocation_endpoint: 'https://oauth2.googleapis.com/revoke',
    jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs',
    response_types_supported: [
      'code',
      'token',
      'id_token',
      'code token',
      'code id_token',
      'token id_token',
      'none',
    ],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'email', 'profile'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    code_challenge_methods_supported: ['plain', 'S256'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
  },
  methods: BOTH,
  client: { client_id: '1234.apps.googleusercontent.com', client_secret: 'GOCSPX-the-secret' },
  refreshes: (asked) => asked.get('access_type') === 'offline' && asked.get('prompt') === 'consent',
  claims: {
    azp: '1234.apps.googleusercontent.com',
    email: ALICE.email,
    email_verified: true,
    hd: 'example.com',
  },
  user: { sub: '10769150350006150715113082367', ...ALICE, email_verified: true },
}

/** https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc */
const TENANT = '11111111-2222-3333-4444-555555555555'
const MICROSOFT = 'https://login.microsoftonline.com'
const entraDocument = (tenant: string) => ({
  authorization_endpoint: `${MICROSOFT}/${tenant}/oauth2/v2.0/authorize`,
  token_endpoint: `${MICROSOFT}/${tenant}/oauth2/v2.0/token`,
  device_authorization_endpoint: `${MICROSOFT}/${tenant}/oauth2/v2.0/devicecode`,
  userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
  end_session_endpoint: `${MICROSOFT}/${tenant}/oauth2/v2.0/logout`,
  jwks_uri: `${MICROSOFT}/${tenant}/discovery/v2.0/keys`,
  token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
  response_modes_supported: ['query', 'fragment', 'form_post'],
  response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
  scopes_supported: SCOPES,
  request_uri_parameter_supported: false,
  http_logout_supported: true,
  frontchannel_logout_supported: true,
  tenant_region_scope: 'EU',
  cloud_instance_name: 'microsoftonline.com',
})
const entra: StubOp = {
  name: 'Microsoft Entra ID',
  issuer: `${MICROSOFT}/${TENANT}/v2.0`,
  document: entraDocument(TENANT),
  methods: BOTH,
  client: {
    client_id: '66666666-7777-8888-9999-000000000000',
    client_secret: 'the~value.of~the~secret',
  },
  refreshes: asksOffline,
  claims: {
    ver: '2.0',
    tid: TENANT,
    oid: '99999999-aaaa-bbbb-cccc-dddddddddddd',
    preferred_username: ALICE.email,
  },
  user: { sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ', ...ALICE },
}
/** The endpoint of all tenants, whose issuer is a template. */
const entraCommon: StubOp = {
  ...entra,
  name: 'Microsoft Entra ID, all tenants',
  // What its document says; where it is found differs.
  issuer: `${MICROSOFT}/{tenantid}/v2.0`,
  found_at: `${MICROSOFT}/common/v2.0`,
  document: entraDocument('common'),
}

/** https://developer.okta.com/docs/concepts/auth-servers/ */
const OKTA_ISSUER = 'https://example.okta.com'
const OKTA = `${OKTA_ISSUER}/oauth2/v1`
const okta: StubOp = {
  name: 'Okta',
  issuer: OKTA_ISSUER,
  document: {
    authorization_endpoint: `${OKTA}/authorize`,
    token_endpoint: `${OKTA}/token`,
    userinfo_endpoint: `${OKTA}/userinfo`,
    registration_endpoint: `${OKTA}/clients`,
    jwks_uri: `${OKTA}/keys`,
    introspection_endpoint: `${OKTA}/introspect`,
    end_session_endpoint: `${OKTA}/logout`,
    response_types_supported: ['code', 'id_token', 'code id_token', 'code token', 'id_token token'],
    response_modes_supported: ['query', 'fragment', 'form_post', 'okta_post_message'],
    grant_types_supported: ['authorization_code', 'implicit', 'refresh_token', 'password'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: [...SCOPES, 'phone', 'address', 'groups'],
    token_endpoint_auth_methods_supported: [...BOTH, 'client_secret_jwt', 'private_key_jwt', 'none'],
    code_challenge_methods_supported: ['S256'],
  },
  methods: BOTH,
  client: { client_id: '0oa1b2c3d4e5f6g7h8i9', client_secret: 'the-secret-that-Okta-shows' },
  // Only with a token of its administration interface.
  registration: { status: 403, body: { errorCode: 'E0000005', errorSummary: 'Invalid session' } },
  refreshes: asksOffline,
  claims: { ver: 1, amr: ['pwd'], idp: '00o1', auth_time: Math.floor(Date.now() / 1000) },
  user: { sub: '00uid4BxXw6I6TV4m0g3', ...ALICE, locale: 'en-US', zoneinfo: 'America/Los_Angeles' },
}

/** https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery */
const AUTH0_ISSUER = 'https://example.eu.auth0.com/'
const auth0: StubOp = {
  name: 'Auth0',
  issuer: AUTH0_ISSUER,
  document: {
    authorization_endpoint: `${AUTH0_ISSUER}authorize`,
    token_endpoint: `${AUTH0_ISSUER}oauth/token`,
    userinfo_endpoint: `${AUTH0_ISSUER}userinfo`,
    jwks_uri: `${AUTH0_ISSUER}.well-known/jwks.json`,
    registration_endpoint: `${AUTH0_ISSUER}oidc/register`,
    end_session_endpoint: `${AUTH0_ISSUER}oidc/logout`,
    revocation_endpoint: `${AUTH0_ISSUER}oauth/revoke`,
    scopes_supported: SCOPES,
    response_types_supported: ['code', 'token', 'id_token', 'code token', 'code id_token', 'token id_token'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    code_challenge_methods_supported: ['S256', 'plain'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: [...BOTH, 'private_key_jwt'],
    id_token_signing_alg_values_supported: ['HS256', 'RS256', 'PS256'],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  },
  methods: BOTH,
  client: {
    client_id: 'aBcDeFgHiJkLmNoPqRsTuVwXyZ012345',
    client_secret: 'the-Client-Secret-of-the-tab-Settings',
  },
  // Off unless the tenant's settings turn it on.
  registration: {
    status: 404,
    body: { statusCode: 404, error: 'Not Found', message: 'Dynamic client registration is disabled' },
  },
  refreshes: asksOffline,
  claims: { sid: 'xuc2gd3XxHtYtGYqFm4aYbPcDg6Kdtwx' },
  user: { sub: 'auth0|5f7c8ec7c33c6c004bbafe82', ...ALICE, nickname: 'alice' },
}

export const STUBS: readonly StubOp[] = [gluu, janssen, keycloak, google, entra, entraCommon, okta, auth0]
