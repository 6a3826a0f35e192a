// Every bound of the library, once: the name carries the unit, the comment says why it has this value.

export const CLIENT_LIMITS = {
  /** Connections to oxd at once. Each carries one command at a time; further commands wait for their turn. */
  connections_max: 8,
  /** Commands that wait for a connection; beyond that the application is told at once instead of piling up. */
  waiting_max: 10_000,
  /** From the call to the reply, waiting included. oxd itself gives an OP 15 s, and a command may ask it twice. */
  timeout_ms: 30_000,
  /** The longest reply: what oxd sends to this library, the length header included. */
  reply_bytes_max: 2_097_168,
  /** A client token is renewed when it has less than this, or less than a tenth of its time, to live. */
  token_margin_seconds_max: 30,
  token_margin_share: 0.1,
  /** A form that an OP has the browser post: a code that is a JWT, and tokens. */
  callback_bytes_max: 131_072,
  /** A configuration file is a page of text; anything larger is another file. */
  config_bytes_max: 1_048_576,
  /** How long a process waits while another one registers the site: its time-out, and room. */
  lock_wait_ms: 60_000,
  /** How often a waiting process looks whether the lock is free. */
  lock_poll_ms: 25,
  /** A lock whose holder cannot be asked whether it lives is taken over when it gave no sign for so long. */
  lock_stale_ms: 15_000,
  /** How long one call waits for ended logins; oxd waits 50 s at most. */
  ended_wait_seconds: 25,
  /** While oxd is away it is tried again: soon at first, then at this pace. */
  ended_retry_ms_min: 50,
  ended_retry_ms_max: 5_000,
} as const

export type ClientLimits = { readonly [K in keyof typeof CLIENT_LIMITS]: number }
