// introspect_rpt: what the authorization server says of an RPT.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { introspectRpt } from '../oidc/uma_protection.ts'

/** What the authorization server says of an RPT: whether it is active, and what it permits. */
export const introspect_rpt = command({
  name: 'introspect_rpt',
  since: '3.1.2',
  access: 'site',
  summary: 'What the authorization server says of an RPT: whether it is active, and what it permits.',
  repeatable: true,
  spec: [
    'https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#rfc.section.5',
    'https://www.rfc-editor.org/rfc/rfc7662#section-2.2',
  ],
  params: { oxd_id: fields.oxd_id, rpt: fields.rpt },
  result: {
    active: fields.active,
    exp: fields.exp,
    iat: fields.iat,
    nbf: fields.nbf,
    permissions: fields.permissions,
    client_id: fields.introspected_client_id,
    sub: fields.sub,
    aud: fields.aud,
    iss: fields.introspected_iss,
    jti: fields.jti,
  },
  more: {},
  errors: ['invalid_rpt_parameter'],
  examples: [
    {
      what: 'An RPT that permits one scope of one resource.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', rpt: 'dbf7e0a4-rpt' },
      result: {
        active: true,
        exp: 1_711_281_970,
        iat: 1_711_278_370,
        nbf: null,
        permissions: [
          {
            resource_id: '4a1e5b0c-resource',
            resource_scopes: ['https://photos.example.com/view'],
            exp: 1_711_281_970,
          },
        ],
        client_id: 's6BhdRkqt3',
        sub: null,
        aud: null,
        iss: null,
        jti: null,
      },
    },
  ],
  async run({ rpt }, { site, uma }) {
    const said = await introspectRpt(await uma.at(site), rpt)
    const { permissions } = said
    return {
      active: said.active,
      exp: said.exp ?? null,
      iat: said.iat ?? null,
      nbf: said.nbf ?? null,
      permissions:
        permissions === undefined
          ? null
          : permissions.map(({ resource_id, resource_scopes, exp = null }) => ({
              resource_id,
              resource_scopes: [...resource_scopes],
              exp,
            })),
      client_id: said.client_id ?? null,
      sub: said.sub ?? null,
      aud: said.aud === undefined ? null : typeof said.aud === 'string' ? said.aud : [...said.aud],
      iss: said.iss ?? null,
      jti: said.jti ?? null,
    }
  },
})
