// The keystores of Java: which commands make PEM files of them, which is what oxd reads.
import { quoted } from '../store/files.ts'

export interface Pem {
  readonly cert: string
  readonly key: string
}

/** Where the commands put certificate and key: beside the keystore. */
export const pemBeside = (keystore: string): Pem => {
  const base = keystore.replace(/\.(?:keystore|jks|p12|pfx)$/i, '')
  return { cert: `${base}-cert.pem`, key: `${base}-key.pem` }
}

/** One line for a shell: the certificates and the key of a JKS or PKCS12 keystore as PEM. The passwords are asked for. */
export const exportCommand = (keystore: string, type: string | undefined): string => {
  const { cert, key } = pemBeside(keystore)
  const isPkcs12 = type === undefined ? /\.(?:p12|pfx)$/i.test(keystore) : /^pkcs12$/i.test(type)
  const pkcs12 = isPkcs12 ? keystore : `${keystore}.p12`
  return [
    ...(isPkcs12
      ? []
      : [
          `keytool -importkeystore -srckeystore ${quoted(keystore)} -destkeystore ${quoted(pkcs12)} -deststoretype PKCS12`,
        ]),
    `openssl pkcs12 -in ${quoted(pkcs12)} -nokeys -out ${quoted(cert)}`,
    `(umask 077; openssl pkcs12 -in ${quoted(pkcs12)} -nocerts -nodes -out ${quoted(key)})`,
    ...(isPkcs12 ? [] : [`rm ${quoted(pkcs12)}`]),
  ].join(' && ')
}

/** One line for a shell: the certificates of a JKS or PKCS12 trust store as PEM. The password is asked for. */
export const trustCommand = (truststore: string): string =>
  `keytool -list -rfc -keystore ${quoted(truststore)} > op-ca.pem`
