// LemonLDAP::NG (Perl) from Debian, on loopback: its portal served by Starman, users in SQLite, configuration in a file.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Visitor } from '../../src/testing/dev_op/sign_in.ts'
import { install, upstreamVersion } from './debian.ts'
import { fillForms, formsIn, framesIn, textOf, type Form } from './forms.ts'
import { atFreePort, startProgram } from './program.ts'
import { PasswordAsked, USER, type RealOp } from './real_op.ts'

const PACKAGES = {
  names: [
    'liblemonldap-ng-portal-perl',
    // Serves nothing here; the portal's package wants one of its servers.
    'lemonldap-ng-fastcgi-server',
    'starman',
    'libdbd-sqlite3-perl',
    // Its OpenID Connect issuer loads these two, which its package does not name.
    'libstring-random-perl',
    'libio-string-perl',
  ],
}

const SHARE = '/usr/share/lemonldap-ng/portal'
/** It loads a captcha module even where it asks for none, and its own one needs ImageMagick. */
const NO_CAPTCHA = `package NoCaptcha;
use Mouse;
extends 'Lemonldap::NG::Portal::Main::Plugin';
sub init { 1 }
1;
`
const APPLICATION = `use Plack::Builder;
use Lemonldap::NG::Portal::Main;
my $portal = Lemonldap::NG::Portal::Main->run({});
builder {
  enable 'Plack::Middleware::Static', path => sub { s!^/static/!! }, root => '${SHARE}/htdocs/static';
  $portal;
};
`

/** A client as an administrator enters it. */
export interface ClientByHand {
  readonly client_id: string
  readonly client_secret: string
  readonly redirect_uri: string
  readonly post_logout_redirect_uri: string
  readonly id_token_signed_response_alg: string
  /** Empty: as JSON. */
  readonly user_info_signed_response_alg: string
  readonly frontchannel_logout_uri?: string
}

export interface LemonLdap extends RealOp {
  /** Adds a client by hand, or changes it; it is known at once. */
  readonly addClient: (client: ClientByHand) => Promise<void>
}

type Json = Record<string, unknown>

const settings = (folder: string): string =>
  `[all]
logLevel = error
logger = Lemonldap::NG::Common::Logger::Std
userLogger = Lemonldap::NG::Common::Logger::Std
checkTime = -1
[configuration]
type = File
dirName = ${folder}/conf
[portal]
staticPrefix = /static
templateDir = ${SHARE}/templates
languages = en
[handler]
status = 0
useRedirectOnError = 1
`

/** Claims and the session variables behind them. */
const CLAIMS = {
  name: 'cn',
  given_name: 'givenname',
  family_name: 'sn',
  preferred_username: 'uid',
  email: 'mail',
  phone_number: 'phone',
}

const configuration = (
  folder: string,
  issuer: string,
  keys: { readonly key: string; readonly cert: string },
) => {
  const files = (name: string) => ({
    Directory: join(folder, name),
    LockDirectory: join(folder, name, 'lock'),
    generateModule: 'Lemonldap::NG::Common::Apache::Session::Generate::SHA256',
  })
  const { hostname, host } = new URL(issuer)
  return {
    cfgNum: 1,
    cfgVersion: '2.16.1',
    cfgAuthor: 'test',
    cfgDate: '1700000000',
    // Each worker reads the configuration at each request: a client just registered is known to all of them.
    checkTime: -1,
    portal: issuer,
    domain: hostname,
    cookieName: 'lemonldap',
    securedCookie: 0,
    key: randomUUID(),
    timeout: 72_000,
    authentication: 'DBI',
    userDB: 'Same',
    passwordDB: 'Null',
    registerDB: 'Null',
    dbiAuthChain: `dbi:SQLite:dbname=${join(folder, 'users.db')}`,
    dbiAuthUser: '',
    dbiAuthPassword: '',
    dbiAuthTable: 'users',
    dbiUserTable: 'users',
    dbiAuthLoginCol: 'uid',
    dbiAuthPasswordCol: 'password',
    dbiAuthPasswordHash: '',
    dbiAuthnLevel: 2,
    dbiPasswordMailCol: 'mail',
    userPivot: 'uid',
    dbiExportedVars: { uid: 'uid', cn: 'cn', givenname: 'givenname', sn: 'sn', mail: 'mail', phone: 'phone' },
    globalStorage: 'Apache::Session::File',
    globalStorageOptions: files('sessions'),
    oidcStorage: 'Apache::Session::File',
    oidcStorageOptions: files('oidc'),
    persistentStorage: 'Apache::Session::File',
    persistentStorageOptions: files('psessions'),
    localSessionStorage: '',
    notification: 0,
    loginHistoryEnabled: 0,
    portalCheckLogins: 0,
    captcha: 'NoCaptcha',
    captcha_login_enabled: 0,
    captcha_mail_enabled: 0,
    captcha_register_enabled: 0,
    portalDisplayResetPassword: 0,
    portalDisplayRegister: 0,
    portalDisplayCertificateResetByMail: 0,
    portalSkin: 'bootstrap',
    requireToken: '1',
    macros: { _whatToTrace: '$_user' },
    whatToTrace: '_whatToTrace',
    groups: {},
    exportedVars: {},
    exportedHeaders: {},
    applicationList: {},
    locationRules: { [host]: { default: 'accept' } },
    issuerDBOpenIDConnectActivation: 1,
    issuerDBOpenIDConnectPath: '^/oauth2/',
    issuerDBOpenIDConnectRule: 1,
    oidcServicePrivateKeySig: keys.key,
    oidcServicePublicKeySig: keys.cert,
    oidcServiceKeyIdSig: 'sig-1',
    oidcServiceAllowAuthorizationCodeFlow: 1,
    oidcServiceAllowImplicitFlow: 1,
    oidcServiceAllowHybridFlow: 1,
    oidcServiceAllowDynamicRegistration: 1,
    oidcServiceDynamicRegistrationExportedVars: CLAIMS,
    oidcServiceDynamicRegistrationExtraClaims: {},
    oidcServiceAuthorizationCodeExpiration: 60,
    oidcServiceIDTokenExpiration: 3600,
    oidcServiceAccessTokenExpiration: 3600,
    oidcServiceOfflineSessionExpiration: 2_592_000,
    oidcServiceMetaDataAuthnContext: { 'loa-1': 1, 'loa-2': 2 },
    oidcRPMetaDataExportedVars: {},
    oidcRPMetaDataOptions: {},
  }
}

const clientOptions = (client: ClientByHand): Json =>
  Object.fromEntries(
    Object.entries({
      ClientID: client.client_id,
      ClientSecret: client.client_secret,
      DisplayName: client.client_id,
      RedirectUris: client.redirect_uri,
      PostLogoutRedirectUris: client.post_logout_redirect_uri,
      RefreshToken: 1,
      AllowOffline: 1,
      AllowClientCredentialsGrant: 1,
      IDTokenSignAlg: client.id_token_signed_response_alg,
      UserInfoSignAlg: client.user_info_signed_response_alg,
      BypassConsent: 0,
      LogoutBypassConfirm: 0,
      Public: 0,
      IDTokenExpiration: 3600,
      AccessTokenExpiration: 3600,
      LogoutUrl: client.frontchannel_logout_uri ?? '',
      LogoutType: 'front',
      LogoutSessionRequired: 1,
    }).map(([name, value]) => [`oidcRPMetaDataOptions${name}`, value]),
  )

interface Configuration extends Json {
  readonly cfgNum: number
  readonly oidcRPMetaDataOptions: Json
  readonly oidcRPMetaDataExportedVars: Json
}

/** Writes the next configuration, with one client more. */
const addClientIn = async (folder: string, client: ClientByHand): Promise<void> => {
  const numbers = (await readdir(folder)).map((name) => Number(/^lmConf-(\d+)\.json$/.exec(name)?.[1] ?? 0))
  const last = Math.max(...numbers)
  // As the portal, or this program, wrote it.
  const before = JSON.parse(await readFile(join(folder, `lmConf-${last}.json`), 'utf8')) as Configuration
  const after = {
    ...before,
    cfgNum: last + 1,
    oidcRPMetaDataOptions: { ...before.oidcRPMetaDataOptions, [client.client_id]: clientOptions(client) },
    oidcRPMetaDataExportedVars: { ...before.oidcRPMetaDataExportedVars, [client.client_id]: CLAIMS },
  }
  await writeFile(join(folder, '.new'), JSON.stringify(after))
  await rename(join(folder, '.new'), join(folder, `lmConf-${last + 1}.json`))
}

const login: RealOp['login'] = async (authorization_url, redirect_uri, visitor, { password = true } = {}) => {
  let tries = 0
  const fill = ({ names }: Form) => {
    if (!names.has('password')) return {}
    if (!password) throw new PasswordAsked()
    return tries++ === 0 ? { user: USER.name, password: USER.password } : undefined
  }
  return fillForms(await visitor.visit(new URL(authorization_url)), redirect_uri, visitor, fill)
}

/** A portal's users often have signed in there before they come from an application. */
const enterAt =
  (issuer: string) =>
  async (visitor: Visitor): Promise<void> => {
    const page = await visitor.visit(new URL(issuer))
    const form = formsIn(page).find(({ names }) => names.has('password'))
    if (form === undefined) throw new Error(`no login form: ${textOf(page)}`)
    await visitor.visit(
      form.action,
      new URLSearchParams({ ...form.fields, user: USER.name, password: USER.password }),
    )
  }

const logout: RealOp['logout'] = async (logout_url, visitor, frame = async () => {}) => {
  const page = await visitor.visit(new URL(logout_url))
  const [form] = formsIn(page)
  if (!form?.names.has('confirm')) throw new Error(`no page that asks: ${textOf(page)}`)
  const last = await visitor.visit(form.action, new URLSearchParams(form.fields))
  const frames = framesIn(last)
  for (const url of frames) await frame(url)
  // Where it embeds pages, its own one leads on by a button, or after a while.
  return frames.length === 0 ? last.location : formsIn(last)[0]?.action
}

const startAt = async (port: number, folder: string): Promise<LemonLdap> => {
  const issuer = `http://127.0.0.1:${port}/`
  for (const store of ['sessions', 'psessions', 'oidc'])
    await mkdir(join(folder, store, 'lock'), { recursive: true })
  for (const name of ['conf', 'perl']) await mkdir(join(folder, name))
  const database = new DatabaseSync(join(folder, 'users.db'))
  database.exec(
    'CREATE TABLE users (uid TEXT, password TEXT, cn TEXT, givenname TEXT, sn TEXT, mail TEXT, phone TEXT)',
  )
  database
    .prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?)')
    .run(
      USER.name,
      USER.password,
      `${USER.given_name} ${USER.family_name}`,
      USER.given_name,
      USER.family_name,
      USER.email,
      USER.phone_number,
    )
  database.close()
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keys = {
    key: String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: String(pair.publicKey.export({ type: 'spki', format: 'pem' })),
  }
  const files = {
    'conf/lmConf-1.json': JSON.stringify(configuration(folder, issuer, keys)),
    'lemonldap-ng.ini': settings(folder),
    'perl/NoCaptcha.pm': NO_CAPTCHA,
    'app.psgi': APPLICATION,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const visitor = (): Visitor => new Visitor()
  const { stop } = await startProgram({
    command: 'starman',
    args: `--preload-app --disable-keepalive --workers 2 --listen 127.0.0.1:${port} --pid starman.pid app.psgi`.split(
      ' ',
    ),
    cwd: folder,
    env: { LLNG_DEFAULTCONFFILE: join(folder, 'lemonldap-ng.ini'), PERL5LIB: join(folder, 'perl') },
    ready: async () =>
      (await visitor().fetch(new URL(`${issuer}.well-known/openid-configuration`))).status === 200,
  })
  return {
    name: 'LemonLDAP::NG',
    version: upstreamVersion('liblemonldap-ng-portal-perl'),
    issuer,
    visitor,
    enter: enterAt(issuer),
    login,
    logout,
    addClient: (client) => addClientIn(join(folder, 'conf'), client),
    stop,
  }
}

/**
 * @param options `folder`: where it may make one of its own
 * @throws StartError when its packages are missing, Error when it does not start
 */
export const startLemonLdap = (options: { readonly folder: string }): Promise<LemonLdap> => {
  install(PACKAGES)
  return atFreePort(async (port) => startAt(port, await mkdtemp(join(options.folder, 'op-'))))
}
