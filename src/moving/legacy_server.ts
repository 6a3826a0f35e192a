// The `server:` section of oxd-server.yml: where oxd 4.x listened, and with which certificate.
import { exportCommand, pemBeside } from './keystore.ts'
import { isObject } from '../is_object.ts'
import type { Reading } from './legacy_reading.ts'

type Connector = Readonly<Record<string, unknown>>

const CONNECTORS = 'server.applicationConnectors'
/** Read here, or part of what is. */
const KNOWN = new Set(['type', 'port', 'bindHost', 'keyStorePath', 'keyStorePassword', 'keyStoreType'])
const OLD_PROTOCOL = /^(?:SSL|TLSv1(?:\.[01])?$)/i

/** What it would mean to listen as before, for the keys of a connector that oxd has nothing for. */
const REST: Readonly<Record<string, string>> = {
  supportedProtocols: 'TLS 1.2 and 1.3 are spoken.',
  needClientAuth:
    'a token or a caller key is asked for, or a certificate that is known: oxd callers add NAME --all --cert FILE.',
}

const connectorsIn = (reading: Reading, server: Connector): readonly Connector[] => {
  const { applicationConnectors, connector } = server
  const list = applicationConnectors ?? (connector === undefined ? [] : [connector])
  if (Array.isArray(list) && list.every(isObject)) return list
  return reading.refuse(CONNECTORS, 'must be a list of connectors with type and port.')
}

const readTls = (reading: Reading, connector: Connector): void => {
  const key = `${CONNECTORS}.keyStorePath`
  const keystore = reading.text(key, connector.keyStorePath)
  if (keystore === undefined) return
  const { cert, key: keyFile } = pemBeside(keystore)
  reading.settings.tls_cert = cert
  reading.settings.tls_key = keyFile
  const type = reading.text(`${CONNECTORS}.keyStoreType`, connector.keyStoreType)
  reading.warn(
    key,
    `oxd reads certificate and key as PEM files, here ${cert} and ${keyFile}. To make them, type: ${exportCommand(keystore, type)}`,
  )
}

const readConnector = (reading: Reading, connector: Connector): void => {
  const isPlain = connector.type === 'http'
  reading.settings.https_port = reading.port(`${CONNECTORS}.port`, connector.port) ?? (isPlain ? 8080 : 8443)
  if (isPlain) reading.settings.insecure_plain_http = true
  else readTls(reading, connector)
  const bind = reading.text(`${CONNECTORS}.bindHost`, connector.bindHost)
  if (bind !== undefined) reading.settings.bind = bind
  const old = reading
    .list(`${CONNECTORS}.supportedProtocols`, connector.supportedProtocols)
    .find((protocol) => OLD_PROTOCOL.test(protocol))
  if (old !== undefined) {
    reading.refuse(
      `${CONNECTORS}.supportedProtocols`,
      `${old} is not safe any more: leave it out; oxd speaks TLS 1.2 and 1.3.`,
    )
  }
  const isOpen =
    reading.flag(
      'protect_commands_with_access_token',
      reading.values.get('protect_commands_with_access_token'),
    ) === false
  if (connector.needClientAuth === true && isOpen) {
    reading.refuse(
      `${CONNECTORS}.needClientAuth`,
      'client certificates alone protected the commands: remove protect_commands_with_access_token: false, and make each client known: oxd callers add NAME --all --cert FILE.',
    )
  }
  if (connector.needClientAuth === true) reading.settings.client_certificates = true
  for (const key of Object.keys(connector).filter((name) => !KNOWN.has(name))) {
    reading.warn(`${CONNECTORS}.${key}`, REST[key] ?? 'there is no such setting.')
  }
}

/** @throws StartError */
export const readServer = (reading: Reading, key: string, value: unknown): void => {
  if (value === null || value === undefined) return
  if (!isObject(value)) return reading.refuse(key, 'must hold applicationConnectors.')
  const connectors = connectorsIn(reading, value)
  // The encrypted one, if there is one.
  const first =
    connectors.find(({ type }) => type === 'https') ?? connectors.find(({ type }) => type === 'http')
  if (first !== undefined) readConnector(reading, first)
  if (connectors.length > 1 || (connectors.length === 1 && first === undefined)) {
    reading.warn(CONNECTORS, 'oxd listens at one port for this dialect, the first of https, else of http.')
  }
  for (const name of Object.keys(value)) {
    if (name === 'applicationConnectors' || name === 'connector' || name === 'type') continue
    reading.warn(
      `server.${name}`,
      name === 'adminConnectors' || name === 'adminContextPath'
        ? 'there is no administration over HTTP: /health-check is at the ordinary port, everything else is `oxd sites` and `oxd callers` on this machine.'
        : 'there is no such setting.',
    )
  }
}
