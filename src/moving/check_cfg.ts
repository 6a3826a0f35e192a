// `oxd check`, the configuration file of an application: who may read it, and its redirect URIs. It only reads.
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isPlainUri } from '../fields.ts'
import { addressKind, isLocalName } from '../oidc/address.ts'
import { quoted } from '../store/files.ts'
import { fail, note, ok } from './findings.ts'
import type { Finding } from './findings.ts'

/** What is looked at in a configuration file; the reader of `oxd-client` gives it. */
export interface Cfg {
  readonly id?: string | undefined
  readonly op_host?: string | undefined
  readonly op_discovery_path?: string | undefined
  readonly op_configuration_endpoint?: string | undefined
  readonly authorization_redirect_uri?: string | undefined
  readonly redirect_uris?: readonly string[] | undefined
  readonly post_logout_redirect_uri?: string | undefined
  readonly client_id?: string | undefined
}

const OTHERS = 0o007

const isAllowed = (path: string, mode: number): boolean => {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** The file holds secrets, and the library writes the `id` into it. */
export const checkRights = (file: string): readonly Finding[] => {
  const step = 'file'
  const bits = statSync(file).mode & 0o777
  const shown = `0${bits.toString(8)}`
  const rights =
    (bits & OTHERS) === 0
      ? ok(step, `only its owner and group may use it (mode ${shown}).`)
      : fail(
          step,
          `every user of this machine may use it (mode ${shown}), and it holds secrets: chmod 600 ${quoted(file)}`,
        )
  const writable = isAllowed(file, constants.W_OK)
    ? isAllowed(dirname(file), constants.W_OK)
      ? ok(step, 'it can be written, so that the id is kept.')
      : note(
          step,
          `its folder cannot be written, so the id is written in place: if the machine fails at that moment, see ${quoted(file)}.*.bak.`,
        )
    : fail(
        step,
        `this user may not write it, so the id of the site could not be kept: chown it to the user of the application, or chmod u+w ${quoted(file)}`,
      )
  return [rights, writable]
}

const isHere = (host: string): boolean =>
  isLocalName(host) || addressKind(host.replace(/^\[|\]$/g, '')) === 'loopback'

const checkUri = (name: string, uri: string): Finding => {
  const step = 'redirect URI'
  const shown = `${name} ${JSON.stringify(uri)}`
  if (!isPlainUri(uri)) {
    return fail(
      step,
      `${shown} is not usable: write an absolute URL in ASCII, without fragment, user name or password.`,
    )
  }
  if (uri.includes('*'))
    return fail(step, `${shown} has a *: OPs compare byte for byte, so write every URI in full.`)
  const { protocol, hostname } = new URL(uri)
  if (protocol === 'https:') return ok(step, `${shown}; it must stand so at the OP, byte for byte.`)
  if (protocol !== 'http:') return note(step, `${shown} is one of a native application; most OPs want https.`)
  return isHere(hostname)
    ? note(step, `${shown} is on this machine alone: good for development, and not accepted by every OP.`)
    : fail(step, `${shown} is not encrypted, so that everybody on the way could read the code: use https.`)
}

/** The redirect URIs of the file, one by one. */
export const checkRedirects = (cfg: Cfg): readonly Finding[] => {
  const login = cfg.authorization_redirect_uri
  const missing =
    login === undefined && (cfg.redirect_uris ?? []).length === 0
      ? [
          fail(
            'redirect URI',
            'authorization_redirect_uri is missing: write the address of your site to which the OP sends the user back.',
          ),
        ]
      : []
  return [
    ...missing,
    ...(login === undefined ? [] : [checkUri('authorization_redirect_uri', login)]),
    ...(cfg.redirect_uris ?? []).map((uri) => checkUri('redirect_uris', uri)),
    ...(cfg.post_logout_redirect_uri === undefined
      ? []
      : [checkUri('post_logout_redirect_uri', cfg.post_logout_redirect_uri)]),
  ]
}
