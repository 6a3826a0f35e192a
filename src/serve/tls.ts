// The certificate and the key of the HTTPS listeners, read from their files.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { StartError } from '../error.ts'

/** A certificate chain and the key that belongs to it. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
  /** The first of the chain: its names are those under which oxd may be called. */
  readonly certificate: X509Certificate
}

/** @see https://www.rfc-editor.org/rfc/rfc9325#section-3.1.1 */
export const TLS_MIN = 'TLSv1.2'

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown'

const readText = (setting: string, file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartError(`--${setting}: ${file} cannot be read (${codeOf(error)}).`)
  }
}

const certificateOf = (file: string, text: string): X509Certificate => {
  try {
    return new X509Certificate(text)
  } catch {
    throw new StartError(
      `--tls-cert: ${file} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----), or not a whole one.`,
    )
  }
}

/** How a key with a passphrase begins: in PKCS #8, and in the older form. */
const LOCKED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m

const keyOf = (file: string, text: string): KeyObject => {
  try {
    return createPrivateKey(text)
  } catch {
    throw new StartError(
      LOCKED.test(text)
        ? `--tls-key: ${file} has a passphrase, which nobody could type here: write it without (openssl pkey -in ${file}), readable by oxd alone.`
        : `--tls-key: ${file} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----), or not a whole one.`,
    )
  }
}

/** @throws StartError that names the file, and says what is wrong with it */
export const readTls = (certFile: string, keyFile: string): TlsPair => {
  const cert = readText('tls-cert', certFile)
  const key = readText('tls-key', keyFile)
  const certificate = certificateOf(certFile, cert)
  if (!certificate.checkPrivateKey(keyOf(keyFile, key))) {
    throw new StartError(
      `--tls-key: the key in ${keyFile} does not belong to the first certificate in ${certFile}.`,
    )
  }
  try {
    // The rest of the chain, and what the TLS library thinks too weak.
    createSecureContext({ cert, key, minVersion: TLS_MIN })
  } catch (error) {
    throw new StartError(`--tls-cert: ${certFile} is not usable for TLS (${codeOf(error)}).`)
  }
  return { cert, key, certificate }
}
