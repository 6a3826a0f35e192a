// get_request_object: the OP fetches a request object that oxd signed.
import { command } from '../command.ts'
import { fields } from '../fields.ts'

/** Gives the OP a request object of `get_request_object_uri`. */
export const get_request_object = command({
  name: 'get_request_object',
  since: '4.2',
  access: 'public',
  summary: 'Gives the OP a request object of `get_request_object_uri`.',
  repeatable: true,
  spec: ['https://openid.net/specs/openid-connect-core-1_0.html#UseRequestUri'],
  params: { request_object_id: fields.request_object_id },
  result: { request_object: fields.request_object },
  more: {},
  get: {
    path: '/get-request-object/{request_object_id}',
    text: { member: 'request_object', type: 'text/plain' },
  },
  errors: ['request_object_not_found'],
  examples: [
    {
      what: 'The OP follows `request_uri`.',
      params: { request_object_id: 'SplxlOBeZQQYbYS6WxSbIA' },
      result: { request_object: 'eyJh…' },
    },
  ],
  async run({ request_object_id }, { rpKeys, sites, fail }) {
    const found = await rpKeys.request(request_object_id)
    // It goes with its site.
    if (found === undefined || (await sites.get(found.oxd_id)) === undefined)
      throw fail('request_object_not_found')
    return { request_object: found.jwt }
  },
})
