// `oxd check URL|demosite.cfg`: walks the way of a login to its OP and says, line by line, what would fail. Changes nothing.
import { statSync } from 'node:fs'
import { OxdError } from '../error.ts'
import { whereabouts } from '../oidc/discovery.ts'
import type { Whereabouts } from '../oidc/discovery.ts'
import { checkRedirects, checkRights } from './check_cfg.ts'
import type { Cfg } from './check_cfg.ts'
import { checkOp } from './check_op.ts'
import type { OpTools } from './check_op.ts'
import { fail, lineOf, ok } from './findings.ts'
import type { Finding } from './findings.ts'

export interface CheckTools extends OpTools {
  /** Reads a configuration file. @throws Error that says what is wrong with it, in one line */
  readonly readCfg: (file: string) => Cfg
  /** The OP of sites that name none: the `op_host` setting. */
  readonly op_host: string | undefined
}

export interface Checked {
  readonly lines: readonly string[]
  /** 1 if anything failed. */
  readonly exit_code: 0 | 1
}

const WELL_KNOWN = '/.well-known/openid-configuration'

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

/** Where the OP is; a finding if it cannot be anywhere. */
const placeOf = (op_host: string, options: Parameters<typeof whereabouts>[1]): Whereabouts | Finding => {
  try {
    return whereabouts(op_host, options)
  } catch (error) {
    if (error instanceof OxdError) return fail('op_host', error.message)
    throw error
  }
}

const checkUrl = async (url: string, tools: CheckTools): Promise<readonly Finding[]> => {
  const place = placeOf(url, url.endsWith(WELL_KNOWN) ? { configuration_endpoint: url } : {})
  return 'verdict' in place ? [place] : checkOp(place, tools)
}

const checkFile = async (file: string, tools: CheckTools): Promise<readonly Finding[]> => {
  const rights = checkRights(file)
  let cfg: Cfg
  try {
    cfg = tools.readCfg(file)
  } catch (error) {
    return [...rights, fail('file', error instanceof Error ? error.message : 'cannot be read.')]
  }
  const own = [...rights, ok('file', 'it can be read as a configuration of oxd.'), ...checkRedirects(cfg)]
  const endpoint = cfg.op_configuration_endpoint
  const op_host = cfg.op_host ?? endpoint ?? tools.op_host
  if (op_host === undefined) {
    const cure =
      'op_host is missing: write the issuer of your OP, such as op_host = https://op.example.com, into the file.'
    return [...own, fail('op_host', cure)]
  }
  const place = placeOf(op_host, {
    op_discovery_path: cfg.op_discovery_path,
    configuration_endpoint: endpoint,
  })
  if ('verdict' in place) return [...own, place]
  const redirect_uris = [cfg.authorization_redirect_uri, ...(cfg.redirect_uris ?? [])].filter(
    (uri) => uri !== undefined,
  )
  return [
    ...own,
    ...(await checkOp(place, tools, { client_id: cfg.client_id, oxd_id: cfg.id, redirect_uris })),
  ]
}

const findingsOf = (target: string, tools: CheckTools): Promise<readonly Finding[]> | readonly Finding[] => {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) return checkUrl(target, tools)
  if (isFile(target)) return checkFile(target, tools)
  return [
    fail(
      'file',
      `there is no file ${JSON.stringify(target)}: give a configuration file, or the issuer of an OP as https://…`,
    ),
  ]
}

/** Checks an OP by its URL, or the configuration file of an application together with its OP. */
export const check = async (target: string, tools: CheckTools): Promise<Checked> => {
  const findings = await findingsOf(target, tools)
  return {
    lines: findings.map(lineOf),
    exit_code: findings.some(({ verdict }) => verdict === 'fail') ? 1 : 0,
  }
}
