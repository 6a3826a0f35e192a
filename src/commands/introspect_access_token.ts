// introspect_access_token: what the OP says of an access token.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { introspect } from '../oidc/introspection.ts'

/** What the OP says of an access token. */
export const introspect_access_token = command({
  name: 'introspect_access_token',
  since: '3.1.2',
  access: 'site',
  summary: 'What the OP says of an access token.',
  repeatable: true,
  spec: ['https://www.rfc-editor.org/rfc/rfc7662#section-2'],
  params: { oxd_id: fields.oxd_id, access_token: fields.access_token },
  result: {
    active: fields.active,
    scopes: fields.scopes,
    scope: fields.introspected_scope,
    client_id: fields.introspected_client_id,
    username: fields.username,
    token_type: fields.token_type,
    exp: fields.exp,
    iat: fields.iat,
    sub: fields.sub,
    aud: fields.aud,
    iss: fields.introspected_iss,
    jti: fields.jti,
    acr_values: fields.introspected_acr_values,
  },
  more: {},
  errors: ['no_introspection_endpoint'],
  examples: [
    {
      what: 'Is it still good, and for what?',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', access_token: 'SlAV32hkKG' },
      result: {
        active: true,
        scopes: ['openid', 'email'],
        scope: ['openid', 'email'],
        client_id: 's6BhdRkqt3',
        username: 'Ada',
        token_type: 'Bearer',
        exp: 1711281970,
        iat: 1711278370,
        sub: '248289761001',
        aud: 's6BhdRkqt3',
        iss: 'https://op.example.com',
        jti: null,
        acr_values: null,
      },
    },
  ],
  async run({ access_token }, { site, ops, pats }) {
    const said = await introspect(await ops.at(site), site.client, access_token, pats.of(site))
    const [first, ...others] = [said.aud ?? []].flat()
    return {
      active: said.active,
      scopes: [...said.scope],
      scope: [...said.scope],
      client_id: said.client_id ?? null,
      username: said.username ?? null,
      token_type: said.token_type ?? null,
      exp: said.exp ?? null,
      iat: said.iat ?? null,
      sub: said.sub ?? null,
      // Old clients know one audience.
      aud: first === undefined ? null : others.length === 0 ? first : [first, ...others],
      iss: said.iss ?? null,
      jti: said.jti ?? null,
      acr_values: said.acr_values ?? null,
    }
  },
})
