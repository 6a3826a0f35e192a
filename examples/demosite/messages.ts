// What the site says when something goes wrong: what happened and what to do, one row a case.

export interface Message {
  readonly status: number
  readonly title: string
  readonly text: string
  /** What to do now. */
  readonly cure: string
}

/** Cases that the site itself notices. */
export const MESSAGES = {
  denied: {
    status: 403,
    title: 'You did not allow the login',
    text: 'At the OpenID Provider somebody chose not to sign in here, or not to tell this site who they are. That is fine: this site has learnt nothing about you.',
    cure: 'If you have changed your mind, log in again.',
  },
  op_error: {
    status: 502,
    title: 'The OpenID Provider did not log you in',
    text: 'It sent you back with an error instead of a code.',
    cure: 'Try again; if it happens each time, show the details below to the people who run this site.',
  },
  no_such_login: {
    status: 400,
    title: 'This login does not belong to your browser',
    text: 'The address you came to carries no state that this browser has asked for, or one that was used before. It may be an old link or a bookmark, you may have waited too long, or somebody may have tried to log you in with an account that is not yours. It was not used.',
    cure: 'Start a new login here.',
  },
  already_logged_in: {
    status: 200,
    title: 'You are already logged in',
    text: 'You came back to the address at which a login ends, for instance with the back button. Each login can end only once, and yours has: nothing was lost.',
    cure: 'Go on to the site.',
  },
  ended_elsewhere: {
    status: 200,
    title: 'You have been signed out',
    text: 'The login with which you came here was ended elsewhere: you signed out at your OpenID Provider or at another site, or somebody who may do that ended your session there. It told oxd, oxd told this site, and this site forgot you at once.',
    cure: 'If you want to go on, log in again.',
  },
  no_such_gathering: {
    status: 400,
    title: 'These answers do not belong to your browser',
    text: 'The address you came to carries no state that this browser was sent away with, or one that was used before. It may be an old link, you may have waited too long, or somebody may want you to go on with what they answered. It was not used.',
    cure: 'Go back to the album, and knock again.',
  },
  form_expired: {
    status: 403,
    title: 'This form is out of date',
    text: 'It was made before your last login, or it does not come from this site. Nothing was changed.',
    cure: 'Go back to the site and try again from there.',
  },
  not_logged_in: {
    status: 403,
    title: 'You are not logged in',
    text: 'This part of the site is for users who are logged in. The session may have ended, because you logged out in another tab or the site was started anew.',
    cure: 'Log in and try again.',
  },
  not_found: {
    status: 404,
    title: 'There is no such page',
    text: 'This site has a start page, a login, a logout and an album.',
    cure: 'Go to the start page.',
  },
  bad_request: {
    status: 400,
    title: 'The site cannot read this request',
    text: 'It is too large or malformed.',
    cure: 'Go back and try again.',
  },
  daemon_down: {
    status: 503,
    title: 'The oxd daemon does not answer',
    text: 'This site does not speak OpenID Connect itself: it asks oxd, a program on the same machine, and oxd is not reachable.',
    cure: 'Start the daemon (npm start starts everything; oxd serve starts the daemon alone), compare host and port in demosite.cfg, then try again.',
  },
  registered_anew: {
    status: 409,
    title: 'The daemon did not know this site',
    text: 'The id in demosite.cfg means nothing to the oxd daemon: its data was deleted, or it is another daemon. The site has registered anew and has another id now.',
    cure: 'Start again with the new registration.',
  },
  failed: {
    status: 500,
    title: 'Something went wrong on this site',
    text: 'The log of the site says what.',
    cure: 'Try again.',
  },
} as const satisfies Record<string, Message>

const OP_DOWN: Message = {
  status: 502,
  title: 'The OpenID Provider does not answer',
  text: 'oxd could not reach the OpenID Provider of this site, or got no usable answer from it.',
  cure: 'Try again in a moment. If it stays like this: is the provider running, and is op_host in demosite.cfg right? The log of oxd has the cause under the reference below.',
}

const SPENT: Message = {
  status: 400,
  title: 'This login has ended',
  text: 'It was used before, or it took longer than a login may take.',
  cure: 'Start a new login.',
}

const REFUSED: Message = {
  status: 502,
  title: 'The login could not be finished',
  text: 'oxd refused what it was asked or what the OpenID Provider answered. Nobody was logged in.',
  cure: 'Try again. If it happens each time, look for the reference below in the log of oxd.',
}

/** What oxd's error codes mean for a person in front of this site. */
const BY_CODE: Readonly<Record<string, Message>> = {
  invalid_state: SPENT,
  code_refused: SPENT,
  op_unreachable: OP_DOWN,
  op_timeout: OP_DOWN,
  op_redirected: OP_DOWN,
  op_http_status: OP_DOWN,
  op_answer_malformed: OP_DOWN,
  op_answer_too_large: OP_DOWN,
  no_connect_discovery_response: OP_DOWN,
  ssl_handshake_error: OP_DOWN,
  restricted_op_host: {
    status: 502,
    title: 'oxd does not go to this OpenID Provider',
    text: 'By its settings the daemon talks to providers at public https addresses only, and the one in demosite.cfg is not.',
    cure: 'If it is your own provider, start the daemon with --trust-op and, for a certificate of your own, --op-ca.',
  },
  no_registration_endpoint: {
    status: 502,
    title: 'This OpenID Provider registers no sites by itself',
    text: 'Like Google, it wants each site to be registered by hand.',
    cure: 'Register the site at the provider, put client_id and client_secret into demosite.cfg, and start the site again.',
  },
  no_end_session_endpoint_at_op: {
    status: 502,
    title: 'Your OpenID Provider has no logout',
    text: 'Like Google, it has no page at which a site could end your session there.',
    cure: 'If others use this browser, log out at the provider too.',
  },
  shutting_down: {
    status: 503,
    title: 'oxd is being restarted',
    text: 'The daemon was about to stop when this site asked it.',
    cure: 'Try again in a moment.',
  },
}

/** The message for an error code of oxd; for the many that need no words of their own, a general one. */
export const messageFor = (code: string): Message => BY_CODE[code] ?? REFUSED

/** The reference under which the daemon's log has the story: `[ref K7Q2-91]`. */
export const referenceIn = (description: string): string | undefined =>
  /\[ref ([A-Z0-9-]{1,20})\]/.exec(description)?.[1]
