// What the types of the library promise: all of this compiles, but for the lines that are marked.
import { Client, first, type CommandMethods, type OxdErrorCode } from 'oxd-client'

export const lists = async (oxd: Client): Promise<string | undefined> => {
  const tokens = await oxd.getTokensByCode('code', 'state')
  const user = await oxd.getUserInfo(tokens.access_token)
  const subject: readonly string[] | undefined = tokens.id_token_claims.sub
  // @ts-expect-error a claim is a list
  const name: string | undefined = user.name
  // @ts-expect-error no such token
  const other = tokens.acess_token
  return user.name?.[0] ?? first(user.email) ?? subject?.[0] ?? name ?? other
}

export const native = async (oxd: Client<'native'>): Promise<string | undefined> => {
  const { access_token, id_token_claims } = await oxd.getTokensByCode({ code: 'code', state: 'state' })
  const claims = await oxd.getUserInfo(access_token)
  const expires: number = id_token_claims.exp
  const verified: boolean | undefined = claims.email_verified
  // @ts-expect-error a name is a string
  const name: readonly string[] | undefined = claims.name
  return verified ? claims.email : `${claims.sub} ${expires} ${name?.join()}`
}

/** The methods that commands get from their definitions alone, as a command gets that nobody has written a method for. */
export const inferred = async (oxd: CommandMethods<never, 'native'>): Promise<string> => {
  const { uri } = await oxd.getLogoutUri({ state: 'bye' }, { timeout_ms: 1000 })
  const { claims } = await oxd.getUserInfo({ access_token: 'token' })
  // @ts-expect-error a parameter is missing
  await oxd.getUserInfo({})
  // @ts-expect-error no such parameter
  await oxd.getUserInfo({ access_token: 'token', acces_token: 'token' })
  // @ts-expect-error no such command
  await oxd.getUserInformation({ access_token: 'token' })
  return uri + claims.sub
}

export const wrong = async (oxd: Client): Promise<OxdErrorCode> => {
  // @ts-expect-error no such parameter
  await oxd.startLogin({ scopes: ['openid'] })
  // @ts-expect-error no such parameter
  await oxd.getLogoutUri({ id_token: 'token' })
  // @ts-expect-error no such setting
  await oxd.updateSiteRegistration({ contact: ['ops@client.example.com'] })
  // @ts-expect-error no such setting
  const other = new Client({ op_host: 'https://op.example.com', redirect_url: 'https://client.example.com/' })
  // @ts-expect-error no such parameter
  await other.send('get_user_info', { oxd_id: 'id', token: 'token' })
  const { authorization_url } = await other.send('get_authorization_url', { oxd_id: 'id' })
  // @ts-expect-error no such option
  await other.getLogoutUri({}, { timeout: authorization_url.length })
  return 'invalid_state'
}
