// The OPs that are started here, and the columns that each makes.
import type { SiteSettings } from '../../src/client/client.ts'
import { createAuthority, createServerCertificate } from '../../src/testing/tls.ts'
import { startGlewlwyd, underOwnNames } from './glewlwyd.ts'
import { startLemonLdap, type ClientByHand } from './lemonldap.ts'
import { startOidcProvider } from './oidc_provider.ts'
import { HOME, REDIRECT } from './application.ts'
import type { RealOp } from './real_op.ts'
import { createSubject, type Subject } from './subject.ts'

interface Started {
  readonly op: RealOp
  readonly subjects: readonly Subject[]
}

/** Two registrations at LemonLDAP::NG in one second would get one name, and the second would replace the first. */
const LEMONLDAP_APART_MS = 1_050

const GLEWLWYD = {
  op_quirks: ['assertion_audience_url', 'userinfo_jwt_unaddressed'],
  // It passes over prompt and response_mode of what was pushed.
  require_pushed_authorization_requests: false,
} as const satisfies SiteSettings

export const OPS = {
  glewlwyd: async (folder: string): Promise<Started> => {
    const op = await startGlewlwyd({ folder, alg: 'RS256' })
    return {
      op,
      subjects: [
        await createSubject({
          op,
          folder,
          custom: underOwnNames,
          settings: GLEWLWYD,
        }),
      ],
    }
  },
  'glewlwyd-eddsa': async (folder: string): Promise<Started> => {
    const { cert: ca, key } = await createAuthority('oxd interop')
    const certificate = await createServerCertificate(
      { cert: ca, key },
      { names: [], addresses: ['127.0.0.1'] },
    )
    const op = await startGlewlwyd({ folder, alg: 'EdDSA', tls: { ...certificate, ca } })
    return {
      op,
      subjects: [
        await createSubject({
          op,
          folder,
          clients: 'EdDSA, https',
          custom: underOwnNames,
          settings: {
            ...GLEWLWYD,
            op_quirks: [...GLEWLWYD.op_quirks, 'eddsa_hash_sha256'],
            authorization_signed_response_alg: 'EdDSA',
          },
        }),
      ],
    }
  },
  lemonldap: async (folder: string): Promise<Started> => {
    const op = await startLemonLdap({ folder })
    const settings: SiteSettings = { op_quirks: ['basic_not_encoded', 'userinfo_jwt_unaddressed'] }
    let made = 0
    const clients = new Map<string, ClientByHand>()
    const enter = async (client: ClientByHand): Promise<ClientByHand> => {
      clients.set(client.client_id, client)
      await op.addClient(client)
      return client
    }
    const byHand = await createSubject({
      op,
      folder,
      settings,
      clients: 'client made by hand',
      makeClient: (asked) =>
        enter({
          client_id: `by-hand/${++made}`,
          client_secret: 'a secret+with/all.of%it, and long enough for HS256',
          redirect_uri: asked.authorization_redirect_uri ?? REDIRECT,
          post_logout_redirect_uri: asked.post_logout_redirect_uri ?? HOME,
          id_token_signed_response_alg: asked.id_token_signed_response_alg ?? 'RS256',
          user_info_signed_response_alg: asked.user_info_signed_response_alg ?? '',
        }),
      tellLogout: async (client_id, frontchannel_logout_uri) => {
        const client = clients.get(client_id)
        if (client !== undefined) await enter({ ...client, frontchannel_logout_uri })
      },
    })
    const registered = await createSubject({
      op,
      folder,
      settings,
      clients: 'registered by oxd',
      apart_ms: LEMONLDAP_APART_MS,
    })
    return { op, subjects: [registered, byHand] }
  },
  'oidc-provider': async (folder: string): Promise<Started> => {
    const op = await startOidcProvider()
    return { op, subjects: [await createSubject({ op, folder })] }
  },
} as const satisfies Readonly<Record<string, (folder: string) => Promise<Started>>>

export type OpName = keyof typeof OPS
// The keys of the table are its names.
export const OP_NAMES = Object.keys(OPS) as readonly OpName[]
