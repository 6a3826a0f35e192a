// Every bound of oxd, once: its name carries the unit, the comment says why it has this value.

export const LIMITS = {
  /** The largest request frame. A 64 KiB JWT as a hint, and room; 500 such frames at once are 64 MiB. */
  frame_bytes_max: 131_072,
  /** The original wire has four digits for the length of a reply; old clients read no more. */
  reply_characters_max: 9_999,
  /** Replies to our own library, which reads a longer header. */
  long_reply_characters_max: 2_097_152,
  /** oxd-php sends every frame twice within this time (measured: 3 ms catch 1,200 of 1,200 copies). */
  twin_hold_ms: 3,
  /** A frame that has begun must be complete by then; between frames a connection may be silent for ever. */
  frame_ms_max: 30_000,
  /** A peer that does not read its reply for this long is disconnected. */
  reply_ms_max: 30_000,
  /** After a frame that cannot be skipped, the answer is given this long to be read before the close. */
  close_ms_max: 1_000,
  /** Sockets that the daemon holds at once; further ones are closed at once. */
  connections_max: 1_024,
  /** Frames of one connection that wait for their turn; then its socket is not read until there is room. */
  waiting_frames_max: 16,

  /** A plain text parameter. */
  text_characters_max: 2_048,
  /** A URL parameter: what browsers and OPs carry everywhere. */
  url_characters_max: 2_048,
  /** An authorization code; some OPs make them JWTs. */
  code_characters_max: 16_384,
  /** A token or an ID Token. */
  token_characters_max: 65_536,
  /** Items of a list parameter, and members of a map. */
  list_items_max: 100,
  /** Items and members of whatever is in a parameter, and tokens of a scope: counted before each of them is looked at. */
  param_items_max: 1_000,
  /** A state: the original Node client sends nothing from 1,000 characters a frame on. */
  state_characters_max: 128,
  /** A caller's own state or nonce: 22 characters of base64url carry 128 bits. */
  own_random_characters_min: 22,

  /** The whole response of an OP in a URL: a code that is a JWT, and an ID Token. */
  callback_characters_max: 81_920,
  /** A session binding: 22 characters of base64url carry 128 bits, 128 the longest hash in hexadecimal. */
  session_binding_characters_min: 22,
  session_binding_characters_max: 128,

  /** A login must come back within 15 minutes. */
  login_seconds: 900,
  /** One clock tolerance for everything (exp, iat, nbf, spent states). */
  clock_tolerance_seconds: 60,
  /** How far ahead an ID Token may expire; honest ones have minutes to weeks. */
  id_token_seconds_max: 31_536_000,
  /** Tokens are remembered until they expire, and never longer than a day. */
  tokens_seconds_max: 86_400,
  /** Whose a refresh token is: no longer than most OPs take an unused one. Then the OP's ID Token must say so. */
  refresh_tokens_seconds: 2_592_000,
  /** Whoever lost the answer to a refresh asks again within this time, as long as clients wait for one; then the OP must judge. */
  refresh_replay_seconds: 10,
  /** How often a refresh that another process is at is looked for. */
  refresh_poll_ms: 50,
  /** A login without a refresh token is known for a week after its tokens came: sessions of applications are shorter. */
  live_logins_seconds: 604_800,
  /** How long the end of a login is kept for the application. */
  ended_logins_seconds: 604_800,
  /** Ended logins of one reply. */
  ended_page_max: 100,
  /** A call that waits for ended logins is answered by then: HTTP closes a connection that is silent for 65 s. */
  ended_wait_seconds_max: 50,
  /** How often such a call looks for what another process on the same store has written; in this one it is woken. */
  ended_poll_ms: 500,
  /** Calls that wait at once: half of the connections, so that there are others for everything else. */
  ended_waits_max: 512,
  /** Of them for one site: one for each process of an application. */
  ended_site_waits_max: 32,
  /** A webhook is tried for a day: 10 times, see src/webhooks.ts. */
  webhook_seconds: 86_400,
  /** From the request to the last byte of the receiver's answer. */
  webhook_ms: 10_000,
  /** What a receiver answers; nobody reads it. */
  webhook_answer_bytes_max: 65_536,
  /** How often oxd looks which messages are due. */
  webhook_interval_ms: 1_000,
  /** Messages that are sent at once, in all and to one site: a stalled receiver takes two places of them. */
  webhook_sends_max: 256,
  webhook_site_sends_max: 2,
  /** Messages that wait, in all and of one site; get_ended_logins tells what had no room. */
  webhook_messages_max: 10_000,
  webhook_site_messages_max: 1_000,
  /** The secret before signs as well for a day. */
  webhook_rotation_seconds: 86_400,
  /** A request object is fetched by the OP as soon as the browser gets there. */
  request_object_seconds: 300,
  /** A client assertion is sent at once; so short that nobody has a use for one that leaked. */
  assertion_seconds: 60,
  /** A key of oxd's own makes room for a new one after 90 days. */
  rp_key_seconds: 7_776_000,
  /** A new key is published for a day before it is used, since OPs keep what they fetched. */
  rp_key_lead_seconds: 86_400,
  /** A key that is no longer used stays published, and opens what is encrypted to it, for a week. */
  rp_key_grace_seconds: 604_800,
  /** Sites that one reply of get_rp lists; a thousand are 100 kB. */
  listed_sites_max: 1_000,
  /** How often what has expired is deleted. */
  sweep_interval_ms: 60_000,
  /** Tries of one compare-and-swap before the store is said to be busy. */
  swap_tries_max: 16,
  /** `oxd serve` waits this long for another process that holds the database. */
  store_busy_ms: 5_000,
  /** From this size on SQLite's write-ahead log goes into the database, while the event loop waits; then it is cut back to it. */
  store_wal_bytes_max: 16_777_216,
  /** Records that are in memory at once while all of a kind are read. */
  store_page_records: 200,
  /** Expired records that are deleted at once: the event loop stands still for about 10 ms. */
  sweep_records: 1_000,

  /** How long the OP's word on a protection token is believed: a token that is withdrawn works on for this long at most. */
  introspection_ms: 10_000,
  /** Tokens whose introspection is remembered at once. */
  introspections_max: 10_000,
  /** Sites of one client that are found by it: the first, and those that take its place. */
  client_sites_max: 32,
  /** Setup clients of one issuer that a token shown to register_site is tried with. */
  setups_max: 8,
  /** A kept token is renewed when it has less than this to live. */
  token_margin_seconds: 30,

  /** A request over HTTP: the body, as a frame. */
  http_body_bytes_max: 131_072,
  /** The headers of a request over HTTP; what servers take everywhere. */
  http_header_bytes_max: 16_384,
  /** From the connection to the last byte of a request over HTTP. */
  http_request_ms_max: 30_000,
  /** A silent HTTP connection is closed; longer than the pools of clients keep theirs. */
  http_idle_ms: 65_000,
  /** The body of a request at the public listener. Honest logout tokens have a few KiB; a thousand connections that each hold one are 32 MiB. */
  public_body_bytes_max: 32_768,
  /** Its parameters; a logout has one, and some OPs add theirs. More are not even taken apart. */
  public_parameters_max: 100,
  /** Requests of one address at the public listener a minute; an OP that ends a hundred sessions a second stays below. */
  public_requests_per_minute: 6_000,
  /** Addresses that are counted one by one. */
  public_sources_max: 10_000,
  /** How often certificate, key and CA files are looked at. */
  reload_interval_ms: 5_000,
  /** Keys of one caller that are good at once: the new one, and the old one until it is dropped. */
  caller_keys_max: 2,
  /** Sites of one caller that may not operate all: its record is written anew with each that it registers. */
  caller_sites_max: 10_000,
  /** Lists of administration that were begun and not read to their end; the oldest makes room. */
  listings_max: 8,
  /** How long the rest of such a list waits for whoever asks for its next page. */
  listing_ms_max: 60_000,

  /** To reach the OP at all. */
  op_connect_ms: 5_000,
  /** From the request to the last byte of the OP's answer. */
  op_total_ms: 15_000,
  /** Connections to one OP at once; further requests wait for a free one, within their time. */
  op_connections_max: 32,
  /** Of them those that logins of third parties have, where the OP wants each request pushed: anybody starts those. */
  stranger_requests_max: 8,
  /** An idle connection to an OP is kept this long: shorter than servers keep theirs, so that none is closed in mid-request. */
  op_idle_ms: 4_000,
  /** The headers of an OP's answer: gateways before it add policies and cookies of many kilobytes. */
  op_header_bytes_max: 32_768,
  /** An OP's answer after decoding. */
  op_body_bytes_max: 1_048_576,
  /** An OP's key set, and the keys in it. */
  jwks_bytes_max: 524_288,
  jwks_keys_max: 100,
  /** Keys that are tried for one signature; several fit only where a token names none. */
  signature_tries_max: 4,
  /** The name of a key in a token; honest ones are thumbprints or dates. */
  kid_characters_max: 1_024,
  /** Items of a list in what an OP says: the scope of a token, the permissions of an RPT, what its metadata list. */
  op_list_items_max: 1_000,
  /** Members of a discovery document that are shown; honest ones have about sixty. */
  op_metadata_members_max: 256,
  /** Objects and lists within each other in what an OP says or a caller sends; honest ones have a handful. */
  json_depth_max: 64,
  /** Members, objects and lists of all of it together: each costs the event loop some microseconds, honest answers have hundreds. */
  json_members_max: 10_000,
  /** Commas of it, so also items of lists, which cost less. */
  json_commas_max: 65_536,
  /** Members of the header of a JWT, which anybody may have made: honest ones have a handful. */
  jwt_header_members_max: 100,
  /** A logout token is sent as soon as it is made: an older one is not accepted, whatever its exp says. */
  logout_token_seconds_max: 300,
  /** The jti of a logout token, which is kept. */
  jti_characters_max: 1_024,
  /** The name of a session at the OP; honest ones are hashes or UUIDs. */
  sid_characters_max: 1_024,
  /** How long OP metadata and keys are used before they are fetched anew. */
  op_metadata_ms: 600_000,
  op_keys_ms: 600_000,
  /** OPs whose metadata and keys are kept in memory at once. */
  ops_max: 1_000,
  /** Fetches of one OP's keys on account of unknown kids or failed signatures, a minute. */
  key_refetches_per_minute: 5,
  /**
   * A kid that was not among keys just fetched is not looked for again before: one token that comes again and again is worth one
   * fetch, and the next login works where caches of the OP were behind.
   */
  unknown_kid_ms: 1_000,
  /** The modulus of an RSA key: a larger one costs more to verify than it protects. */
  rsa_bits_max: 8_192,
  /** An error and its description in the words of the OP, of which that is shown; who writes a book is not quoted. */
  op_said_characters_max: 16_384,
  /** Text from the OP that is shown to a person or written to a log. */
  op_text_characters_max: 200,

  /** Conditions of all resources of one site: each is one request to the authorization server. */
  uma_resources_max: 500,
  /** All of them as text: the record is read at each check. */
  uma_resources_characters_max: 1_048_576,
  /** Operators and operands of one scope expression, and how deep they stand in each other; real ones have a dozen. */
  uma_rule_nodes_max: 256,
  uma_rule_depth_max: 16,

  /** A file of settings, ours or that of an old oxd, is a few pages of text, also after the environment was put in. */
  settings_bytes_max: 32_768,
  /** How often `${NAME}` may lead to another `${NAME}`. */
  legacy_substitutions_max: 4,
  /** A site of an old oxd: its tables hold 64 KiB of it, its files somewhat more. */
  import_record_bytes_max: 1_048_576,
  /** A dump of all sites, which is read into memory as a whole. */
  import_dump_bytes_max: 268_435_456,
  /** Sites of one import. */
  import_records_max: 1_000_000,
  /** Redis connects, and answers each command, by then. */
  import_redis_ms: 10_000,
  /** What the report of an import names one by one; all are counted. */
  import_report_items_max: 1_000,
  /** `oxd check` says so when the certificate of an OP has fewer days to live. */
  certificate_days_min: 14,

  /** SIGTERM: what is under way may finish within this time. */
  shutdown_ms: 10_000,
} as const

export type Limits = { readonly [K in keyof typeof LIMITS]: number }
