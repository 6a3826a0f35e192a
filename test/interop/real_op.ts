// What the steps need of an OP that runs here: where it is, and how its users sign in and out.
import type { Visitor } from '../../src/testing/dev_op/sign_in.ts'

/** What the browser brings to the client: a redirect, or a form that it posts (response_mode=form_post). */
export interface Callback {
  /** The whole address, with query and fragment. */
  readonly url: URL
  readonly form?: URLSearchParams | undefined
}

/** The OP asks for a password that the user does not give. */
export class PasswordAsked extends Error {}

export interface SignInOptions {
  /** Whether the user gives the password. Default: yes. */
  readonly password?: boolean
}

export interface RealOp {
  readonly name: string
  readonly version: string
  /** Byte for byte. */
  readonly issuer: string
  /** PEM of the CA that signed its certificate, for https. */
  readonly ca?: string | undefined
  /** A browser of a user of this OP. */
  readonly visitor: () => Visitor
  /**
   * The user goes to this address and does what the OP asks, up to the way back to the client at `redirect_uri`, which is
   * not gone. @throws PasswordAsked
   */
  readonly login: (
    authorization_url: string,
    redirect_uri: string,
    visitor: Visitor,
    options?: SignInOptions,
  ) => Promise<Callback>
  /** The user signs in at the OP itself, where that is not the same as by way of an application. */
  readonly enter?: (visitor: Visitor) => Promise<void>
  /**
   * The user goes to the logout URL and agrees.
   * @param frame loads a page that the OP embeds in its own (front-channel logout); default: the browser loads none
   * @returns the redirect to the client, or undefined where the OP ends on a page of its own
   */
  readonly logout: (
    logout_url: string,
    visitor: Visitor,
    frame?: (url: URL) => Promise<unknown>,
  ) => Promise<URL | undefined>
  readonly stop: () => Promise<void>
}

export const USER = {
  name: 'alice',
  password: 'wonderland-1',
  given_name: 'Alice',
  family_name: 'Liddell',
  email: 'alice@example.com',
  phone_number: '+44 20 7946 0000',
} as const
