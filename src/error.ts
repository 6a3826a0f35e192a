// Every way oxd says no: one class, one table.
// The key is ours and unique (log, tests, docs, `"oxd": 1` replies); `wire` is what the clients of oxd 2.4 to 4.5 know.

interface ErrorRow {
  /** The code on the 3.x and 4.x wires. One that ends in `_` is completed by the OP's HTTP status. */
  readonly wire: string
  /** The code on the 4.x wire, where it is another one. */
  readonly v4?: string
  /** Its details reach old clients, too: what the authorization server asks for. */
  readonly detailed?: true
  /** The HTTP status of the 4.x dialect. */
  readonly http: number
  /** What is wrong, and what to do where that is always the same. */
  readonly message: string
}

const ERROR_ROWS = {
  // The request.
  malformed_json: {
    wire: 'internal_error',
    v4: 'bad_request',
    http: 400,
    message: 'The request holds no JSON object.',
  },
  frame_too_large: { wire: 'internal_error', http: 413, message: 'The request is too large.' },
  frame_incomplete: {
    wire: 'internal_error',
    http: 408,
    message: 'The request was not completed in time.',
  },
  malformed_http: { wire: 'bad_request', http: 400, message: 'This is no HTTP request.' },
  headers_too_large: {
    wire: 'bad_request',
    http: 431,
    message: 'The headers of the request are too large.',
  },
  unknown_path: {
    wire: 'unsupported_operation',
    http: 404,
    message: 'No command has this path: a path is the name of a command with hyphens, see /docs.',
  },
  method_not_allowed: {
    wire: 'bad_request',
    http: 405,
    message: 'This path has another method: see the header Allow.',
  },
  unsupported_media_type: {
    wire: 'bad_request',
    http: 415,
    message: 'The parameters must be JSON, with Content-Type: application/json.',
  },
  foreign_origin: {
    wire: 'oxd_access_denied',
    http: 403,
    message: 'The request has the header Origin: pages in browsers may not call oxd.',
  },
  foreign_host: {
    wire: 'oxd_access_denied',
    http: 403,
    message:
      'The header Host names neither this machine nor a name of the certificate: call oxd by one of those.',
  },
  reply_too_large: {
    wire: 'internal_error',
    http: 500,
    message:
      'The reply does not fit into the four digits of this wire: ask with "oxd": 1, or for fewer claims.',
  },
  malformed_params: {
    wire: 'internal_error',
    v4: 'bad_request',
    http: 400,
    message: 'A parameter is malformed.',
  },
  missing_parameter: { wire: 'bad_request', http: 400, message: 'A parameter is missing.' },
  unsupported_operation: { wire: 'unsupported_operation', http: 500, message: 'There is no such command.' },
  invalid_oxd_id: {
    wire: 'invalid_oxd_id',
    http: 400,
    message:
      'No site is registered under this oxd_id. Was it issued by another oxd? oxd import takes its sites over; or register anew: an application with a .cfg file does so once its `id =` there is empty.',
  },
  invalid_op_host: { wire: 'invalid_op_host', http: 400, message: 'op_host is not usable.' },
  no_op_host: {
    wire: 'invalid_op_host',
    v4: 'invalid_op_host_and_configuration_endpoint',
    http: 400,
    message: 'op_host is missing, and the daemon has no default.',
  },
  invalid_authorization_redirect_uri: {
    wire: 'invalid_authorization_redirect_uri',
    http: 400,
    message: 'authorization_redirect_uri is not usable.',
  },
  invalid_redirect_uri: { wire: 'invalid_redirect_uri', http: 400, message: 'A redirect URI is not usable.' },
  redirect_uri_has_fragment_component: {
    wire: 'invalid_redirect_uri',
    v4: 'redirect_uri_has_fragment_component',
    http: 400,
    message: 'A redirect URI must have no fragment.',
  },
  redirect_uri_is_not_registered: {
    wire: 'redirect_uri_is_not_registered',
    http: 400,
    message: 'redirect_uri is not one of the site: add it with update_site_registration.',
  },
  invalid_scope: { wire: 'invalid_scope', http: 400, message: 'scope is not usable.' },
  scope_refused: { wire: 'invalid_scope', http: 400, message: 'The OP refused the scope.' },
  invalid_request: { wire: 'invalid_request', http: 400, message: 'The request cannot be carried out.' },
  invalid_op_configuration_endpoint: {
    wire: 'invalid_op_configuration_endpoint',
    http: 400,
    message: 'op_configuration_endpoint is not usable.',
  },
  invalid_subject_type: {
    wire: 'invalid_subject_type',
    http: 400,
    message: 'subject_type must be public or pairwise.',
  },
  invalid_algorithm: { wire: 'invalid_algorithm', http: 400, message: 'This algorithm is not supported.' },
  invalid_client_id: {
    wire: 'invalid_client_id',
    http: 400,
    message: 'client_secret was given without client_id: give both, or neither to register at the OP.',
  },
  invalid_client_secret: {
    wire: 'invalid_client_secret',
    http: 400,
    message:
      'client_id was given without client_secret: give both, neither to register at the OP, or client_token_endpoint_auth_method none or private_key_jwt.',
  },
  site_changed: {
    wire: 'internal_error',
    http: 409,
    message: 'The site was changed by several callers at once: try again.',
  },
  missing_id_token: { wire: 'no_id_token', http: 400, message: 'A parameter is missing.' },
  missing_resource: { wire: 'bad_request_no_resource', http: 400, message: 'A parameter is missing.' },
  missing_oxd_host: { wire: 'bad_request_no_oxd_host', http: 400, message: 'A parameter is missing.' },
  missing_iss: { wire: 'bad_request_no_issuer', http: 400, message: 'A parameter is missing.' },
  foreign_iss: {
    wire: 'invalid_issuer_discovered',
    http: 400,
    message: 'iss is not the issuer of this site, byte for byte.',
  },
  foreign_target_link_uri: {
    wire: 'bad_request_invalid_target_uri',
    http: 400,
    message: 'target_link_uri must have the origin of a redirect URI of the site.',
  },
  foreign_resource: {
    wire: 'invalid_issuer_discovered',
    http: 500,
    message: 'The host of this resource names another issuer than the one that was asked about.',
  },
  rp_key_not_registered: {
    wire: 'internal_error',
    http: 409,
    message:
      'The OP was told keys of oxd that have ended since: update_site_registration tells it the present ones.',
  },
  request_object_not_found: {
    wire: 'request_object_not_found',
    http: 404,
    message: 'There is no such request object, or it has expired.',
  },

  // Who may call.
  blank_protection_access_token: {
    wire: 'blank_protection_access_token',
    v4: 'blank_access_token',
    http: 403,
    message:
      'This command is protected: send a token of get_client_token, or a caller key (oxd callers add), as protection_access_token or as Bearer.',
  },
  inactive_protection_access_token: {
    wire: 'inactive_protection_access_token',
    v4: 'inactive_access_token',
    http: 403,
    message: 'The OP says that this token is not active: get a new one with get_client_token.',
  },
  protection_access_token_insufficient_scope: {
    wire: 'protection_access_token_insufficient_scope',
    v4: 'access_token_insufficient_scope',
    http: 403,
    message: 'The token lacks the scope oxd: ask for it in get_client_token.',
  },
  invalid_protection_access_token: {
    wire: 'invalid_protection_access_token',
    v4: 'invalid_access_token',
    http: 403,
    message: 'The token belongs to a client that may not give this command.',
  },
  no_setup_client_for_oxd_id: {
    wire: 'no_setup_client_for_oxd_id',
    http: 403,
    message:
      'The site was not registered under a setup client, so no token can belong to it: use a caller key (oxd callers add), or register it under setup_client.',
  },
  invalid_introspection_response: {
    wire: 'invalid_introspection_response',
    http: 500,
    message: 'The OP does not say to which client the token was issued.',
  },
  authorization_oxd_id_not_found: {
    wire: 'authorization_oxd_id_not_found',
    http: 400,
    message: 'No site is registered under the oxd_id of the header AuthorizationOxdId.',
  },
  invalid_authorization_oxd_id: {
    wire: 'invalid_authorization_oxd_id',
    http: 400,
    message: 'The site of the header AuthorizationOxdId has another owner than the site of the command.',
  },
  op_not_allowed: {
    wire: 'restricted_op_host',
    http: 403,
    message:
      'Without a token or a caller key only the OPs of --allowed-op (and the default --op-host) are asked.',
  },
  caller_exists: {
    wire: 'invalid_request',
    http: 409,
    message: 'There is a caller of this name: oxd callers rotate gives it a new key.',
  },
  unknown_site: {
    wire: 'invalid_oxd_id',
    http: 404,
    message: 'No site has this oxd_id, or one that begins like this: see oxd sites list.',
  },
  unknown_caller: { wire: 'invalid_request', http: 404, message: 'There is no caller of this name.' },
  oxd_access_denied: {
    wire: 'oxd_access_denied',
    http: 403,
    message: 'This address may not call: it is not one of --allowed-ip.',
  },

  // The login.
  invalid_state: {
    wire: 'bad_request',
    http: 400,
    message: 'The state is unknown, expired or was already used: start a new login.',
  },
  other_session: {
    wire: 'bad_request',
    http: 400,
    message:
      'The login was not begun in this session (session_binding): somebody else may have begun it. Start a new login.',
  },
  response_without_state: {
    wire: 'bad_request',
    http: 400,
    message: 'The response has no state, so it belongs to no login: start a new one.',
  },
  duplicate_parameter: {
    wire: 'bad_request',
    http: 400,
    message: 'The response has a parameter twice: start a new login.',
  },
  malformed_response: {
    wire: 'bad_request',
    http: 400,
    message: 'The response of the OP cannot be read: start a new login.',
  },
  foreign_callback_url: {
    wire: 'bad_request',
    http: 400,
    message: 'The response did not come to the redirect URI of this login, byte for byte.',
  },
  other_response_mode: {
    wire: 'bad_request',
    http: 400,
    message: 'The response did not come in the response mode that was asked for: start a new login.',
  },
  whole_response_needed: {
    wire: 'bad_request',
    http: 400,
    message:
      'The response to this login must be checked as a whole: start a new login, and use get_tokens_by_callback.',
  },
  no_issuer_in_response: {
    wire: 'bad_request',
    http: 400,
    message: 'The response has no iss, which the OP promises in each (RFC 9207): start a new login.',
  },
  error_and_code: {
    wire: 'bad_request',
    http: 400,
    message: 'The response has an error and what only a success has: start a new login.',
  },
  login_refused: {
    wire: 'bad_request',
    http: 400,
    message: 'The OP did not log the user in.',
  },
  token_endpoint_moved: {
    wire: 'bad_request',
    http: 400,
    message: 'The OP names another token endpoint than when this login began: start a new login.',
  },
  unexpected_parameter: {
    wire: 'bad_request',
    http: 400,
    message: 'The response has what was not asked for: start a new login.',
  },
  no_code: { wire: 'bad_request', http: 400, message: 'The response has no code: start a new login.' },
  invalid_token_type: {
    wire: 'bad_request',
    http: 400,
    message: 'The response has an access token that is no bearer token.',
  },
  parameter_outside_response_jwt: {
    wire: 'bad_request',
    http: 400,
    message: 'The response has parameters beside its JWT, which nobody signed: start a new login.',
  },
  response_jwt_malformed: {
    wire: 'bad_request',
    http: 400,
    message: 'The response is not a signed JWT with a JSON object in it.',
  },
  response_jwt_not_signed: {
    wire: 'bad_request',
    http: 400,
    message: 'The JWT of the response is not signed.',
  },
  response_jwt_invalid_algorithm: {
    wire: 'bad_request',
    http: 400,
    message: 'The JWT of the response is signed with another algorithm than the one registered.',
  },
  response_jwt_encryption: {
    wire: 'bad_request',
    http: 400,
    message:
      'The JWT of the response is not encrypted as it was registered, or is encrypted although it was not.',
  },
  response_jwt_bad_signature: {
    wire: 'bad_request',
    http: 400,
    message: 'The signature of the JWT of the response is wrong.',
  },
  response_jwt_unknown_key: {
    wire: 'bad_request',
    http: 400,
    message: 'The OP publishes no key that fits the signature of the JWT of the response.',
  },
  response_jwt_bad_issuer: {
    wire: 'bad_request',
    http: 400,
    message: 'The JWT of the response was issued by someone else, or names no issuer.',
  },
  response_jwt_bad_audience: {
    wire: 'bad_request',
    http: 400,
    message: 'The JWT of the response is meant for another client, or names none.',
  },
  response_jwt_no_expiry: {
    wire: 'bad_request',
    http: 400,
    message: 'The JWT of the response has no usable expiry time.',
  },
  response_jwt_expired: {
    wire: 'bad_request',
    http: 400,
    message: 'The JWT of the response has expired: check the clocks of the OP and of this machine.',
  },
  response_jwt_not_yet_valid: {
    wire: 'bad_request',
    http: 400,
    message: 'The JWT of the response is not valid yet: check the clocks of the OP and of this machine.',
  },
  state_in_use: {
    wire: 'bad_request',
    http: 400,
    message: 'This state was given before: use a new one for each login.',
  },
  state_validated: {
    wire: 'bad_request',
    http: 400,
    message: 'The response with this state was validated before: go on with get_tokens_by_code.',
  },
  authorization_refused: {
    wire: 'internal_error',
    http: 400,
    message: 'The OP gave no code for this user name and password.',
  },
  code_refused: { wire: 'bad_request', http: 400, message: 'The OP refused the code: start a new login.' },
  refresh_refused: {
    wire: 'bad_request',
    http: 400,
    message: 'The OP refused the refresh token: start a new login.',
  },
  refresh_token_spent: {
    wire: 'bad_request',
    http: 409,
    message:
      'This refresh token was spent a moment ago, with another scope: go on with the one that was given for it.',
  },
  invalid_issuer: {
    wire: 'invalid_issuer_discovered',
    http: 400,
    message: 'The response does not come from the OP of this site.',
  },
  foreign_id_token_hint: {
    wire: 'invalid_request',
    http: 400,
    message: 'id_token_hint is no ID Token of this site: it would end the session of somebody else.',
  },
  login_ended: {
    wire: 'invalid_access_token',
    http: 400,
    message: 'The login has ended, as get_login_status says: the user must log in again.',
  },
  foreign_access_token: {
    wire: 'invalid_access_token',
    http: 403,
    message:
      'oxd did not obtain this access token for this site, or it expired; a site that must ask with tokens from elsewhere sets accept_foreign_tokens.',
  },
  invalid_access_token: {
    wire: 'invalid_access_token',
    http: 403,
    message: 'The OP refused the access token.',
  },

  // Reaching the OP.
  no_connect_discovery_response: {
    wire: 'no_connect_discovery_response',
    http: 500,
    message: 'The OP has no usable discovery document.',
  },
  invalid_issuer_discovered: {
    wire: 'invalid_issuer_discovered',
    http: 500,
    message: 'The discovery document names another issuer.',
  },
  failed_to_get_issuer: {
    wire: 'failed_to_get_issuer',
    http: 500,
    message: 'The issuer of this resource cannot be found.',
  },
  restricted_op_host: { wire: 'restricted_op_host', http: 400, message: 'oxd does not go there.' },
  ssl_handshake_error: {
    wire: 'ssl_handshake_error',
    http: 500,
    message: 'The TLS connection to the OP failed.',
  },
  op_unreachable: { wire: 'internal_error', http: 502, message: 'The OP cannot be reached.' },
  op_timeout: { wire: 'internal_error', http: 504, message: 'The OP did not answer in time.' },
  op_redirected: {
    wire: 'internal_error',
    http: 502,
    message: 'The OP answered with a redirect, which is not followed.',
  },
  op_answer_too_large: { wire: 'internal_error', http: 502, message: 'The answer of the OP is too large.' },
  op_answer_malformed: { wire: 'internal_error', http: 502, message: 'The answer of the OP is malformed.' },
  op_http_status: { wire: 'http_status_', http: 502, message: 'The OP refused.' },
  no_registration_endpoint: {
    wire: 'invalid_request',
    http: 400,
    message:
      'The OP has no dynamic registration: register the client there by hand, and pass its client_id and client_secret.',
  },
  no_client_id_returned: {
    wire: 'no_client_id_returned',
    http: 500,
    message: 'The OP registered without a client_id.',
  },
  no_client_secret_returned: {
    wire: 'no_client_secret_returned',
    http: 500,
    message: 'The OP registered without a client_secret.',
  },
  invalid_registration_client_url: {
    wire: 'invalid_registration_client_url',
    http: 500,
    message: 'The OP gave no address at which this registration could be changed: change it there by hand.',
  },
  foreign_registration_client_uri: {
    wire: 'invalid_registration_client_url',
    http: 400,
    message:
      'client_registration_client_uri must be an address of the OP, and come together with client_id, client_secret and client_registration_access_token.',
  },
  client_secret_too_short: {
    wire: 'invalid_algorithm',
    http: 400,
    message:
      'The client_secret is shorter than what is made of it: ask for an asymmetric algorithm, or for another secret.',
  },
  expired_client: {
    wire: 'expired_client',
    http: 400,
    message: 'The client secret has expired: register the site anew.',
  },
  invalid_client: {
    wire: 'internal_error',
    http: 500,
    message:
      'The OP does not accept the client: check client_id and client_secret, and how the client authenticates.',
  },
  no_par_endpoint: {
    wire: 'invalid_request',
    http: 400,
    message:
      'Authorization requests must be pushed, and the OP has no endpoint for that: see require_pushed_authorization_requests of the site.',
  },
  authorization_request_refused: {
    wire: 'invalid_request',
    http: 400,
    message: 'The OP refused the authorization request that was pushed to it.',
  },
  no_op_encryption_key: {
    wire: 'internal_error',
    http: 500,
    message: 'The OP publishes no key to encrypt to, as request_object_encryption_alg of the site wants it.',
  },
  no_userinfo_endpoint: { wire: 'invalid_request', http: 400, message: 'The OP has no userinfo endpoint.' },
  no_introspection_endpoint: {
    wire: 'internal_error',
    http: 500,
    message: 'The OP has no token introspection: protect oxd with caller keys (oxd callers add).',
  },
  no_end_session_endpoint_at_op: {
    wire: 'no_end_session_endpoint_at_op',
    http: 500,
    message: 'The OP has no logout endpoint: end the session of the application alone.',
  },

  // Tokens.
  no_id_token: { wire: 'no_id_token', http: 500, message: 'The OP returned no ID Token.' },
  no_access_token: { wire: 'no_access_token', http: 500, message: 'The OP returned no access token.' },
  invalid_id_token_malformed: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message: 'The ID Token is not a signed JWT with a JSON object in it.',
  },
  invalid_id_token_no_issuer: {
    wire: 'invalid_id_token_no_issuer',
    http: 500,
    message: 'The ID Token names no issuer.',
  },
  invalid_id_token_bad_issuer: {
    wire: 'invalid_id_token_bad_issuer',
    http: 500,
    message: 'The ID Token was issued by someone else.',
  },
  invalid_id_token_no_audience: {
    wire: 'invalid_id_token_no_audience',
    http: 500,
    message: 'The ID Token names no audience.',
  },
  invalid_id_token_bad_audience: {
    wire: 'invalid_id_token_bad_audience',
    http: 500,
    message: 'The ID Token is meant for another client.',
  },
  invalid_id_token_further_audience: {
    wire: 'invalid_id_token_bad_audience',
    http: 500,
    message: 'The ID Token is also meant for somebody whom oxd does not know.',
  },
  invalid_id_token_no_authorized_party: {
    wire: 'invalid_id_token_no_authorized_party',
    http: 500,
    message: 'The ID Token has several audiences and no authorized party.',
  },
  invalid_id_token_bad_authorized_party: {
    wire: 'invalid_id_token_bad_authorized_party',
    http: 500,
    message: 'The ID Token was issued to another authorized party.',
  },
  id_token_without_signature_not_allowed: {
    wire: 'id_token_without_signature_not_allowed',
    http: 500,
    message: 'The ID Token is not signed.',
  },
  invalid_id_token_critical_header: {
    wire: 'invalid_id_token_bad_signature',
    http: 500,
    message: 'The ID Token has an extension that must be understood (crit), and is not.',
  },
  invalid_id_token_invalid_algorithm: {
    wire: 'invalid_id_token_invalid_algorithm',
    http: 500,
    message: 'The ID Token is signed with another algorithm than the one registered.',
  },
  invalid_id_token_bad_signature: {
    wire: 'invalid_id_token_bad_signature',
    http: 500,
    message: 'The signature of the ID Token is wrong.',
  },
  private_key_published: {
    wire: 'invalid_id_token_bad_signature',
    http: 500,
    message:
      'The OP publishes the private half of the key that signed the ID Token: anybody may have signed it.',
  },
  key_id_not_found: {
    wire: 'key_id_not_found',
    http: 500,
    message: 'The OP publishes no key that fits the signature of the ID Token.',
  },
  key_budget_spent: {
    wire: 'key_id_not_found',
    http: 503,
    message: 'The keys or metadata of the OP were asked for too often on account of what anybody may send.',
  },
  id_token_encrypted: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message: 'The ID Token is encrypted, though the client did not register that.',
  },
  id_token_not_encrypted: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message: 'The ID Token is not encrypted, though the client registered that.',
  },
  invalid_id_token_encryption: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message: 'The ID Token is encrypted in another way than the one registered.',
  },
  invalid_id_token_not_decrypted: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message: 'The ID Token cannot be decrypted.',
  },
  invalid_id_token_expiration_time: {
    wire: 'invalid_id_token_expiration_time',
    http: 500,
    message: 'The ID Token has no usable expiry time.',
  },
  invalid_id_token_expired: {
    wire: 'invalid_id_token_expired',
    http: 500,
    message: 'The ID Token has expired: check the clocks of the OP and of this machine.',
  },
  invalid_id_token_endless: {
    wire: 'invalid_id_token_expiration_time',
    http: 500,
    message: 'The ID Token is valid for longer than a year; its times must be in seconds.',
  },
  invalid_id_token_old_issued_at: {
    wire: 'invalid_id_token_old_issued_at',
    http: 500,
    message:
      'The ID Token was issued before the login began: check the clocks of the OP and of this machine.',
  },
  invalid_id_token_issued_at: {
    wire: 'invalid_id_token_issued_at',
    http: 500,
    message: 'The ID Token has no usable issue time: check the clocks of the OP and of this machine.',
  },
  invalid_id_token_not_yet_valid: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message: 'The ID Token is not valid yet: check the clocks of the OP and of this machine.',
  },
  invalid_id_token_no_nonce: {
    wire: 'invalid_id_token_no_nonce',
    http: 500,
    message: 'The ID Token has no nonce.',
  },
  invalid_id_token_bad_nonce: {
    wire: 'invalid_id_token_bad_nonce',
    http: 500,
    message: 'The ID Token belongs to another login.',
  },
  invalid_id_token_no_auth_time: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message:
      'The ID Token does not say when the user signed in, although that was asked for (max_age, require_auth_time).',
  },
  invalid_id_token_old_auth_time: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message: 'The user signed in longer ago than max_age allows: start a new login.',
  },
  invalid_id_token_future_auth_time: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message:
      'The user is said to have signed in at a time that has not come: check the clocks of the OP and of this machine.',
  },
  invalid_id_token_acr: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message: 'The user was not authenticated as it was asked for as essential (acr): start a new login.',
  },
  refreshed_authorized_party: {
    wire: 'invalid_id_token_bad_authorized_party',
    http: 500,
    message:
      'The refreshed ID Token names another authorized party (azp) than the login: its tokens are dropped.',
  },
  refreshed_issued_at: {
    wire: 'invalid_id_token_old_issued_at',
    http: 500,
    message: 'The refreshed ID Token was issued before that of the login: its tokens are dropped.',
  },
  refreshed_auth_time: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message:
      'The refreshed ID Token says that the user signed in at another time (auth_time) than the login: its tokens are dropped.',
  },
  id_tokens_differ: {
    wire: 'invalid_id_token_unknown',
    http: 500,
    message: 'The ID Token of the token endpoint is about another user than that of the response.',
  },
  at_hash_not_found: {
    wire: 'at_hash_not_found',
    http: 500,
    message: 'The ID Token does not bind the access token that came with it (at_hash).',
  },
  c_hash_not_found: {
    wire: 'c_hash_not_found',
    http: 500,
    message: 'The ID Token does not bind the code that came with it (c_hash).',
  },
  no_subject_identifier: {
    wire: 'no_subject_identifier',
    http: 500,
    message: 'The answer of the OP names no subject.',
  },
  malformed_subject_identifier: {
    wire: 'invalid_subject_identifier',
    http: 500,
    message: 'The subject in the answer of the OP is not of 1 to 255 printable ASCII characters.',
  },
  invalid_subject_identifier: {
    wire: 'invalid_subject_identifier',
    http: 500,
    message: 'The answer of the OP is about another subject than the login.',
  },
  userinfo_not_as_registered: {
    wire: 'internal_error',
    http: 502,
    message:
      'The OP answers the userinfo request with JSON where a JWT is registered, or the other way round.',
  },
  invalid_userinfo_jwt: {
    wire: 'internal_error',
    http: 502,
    message: 'The userinfo is a JWT that is not made as registered, or not signed by the OP for this client.',
  },
  invalid_access_token_bad_hash: {
    wire: 'invalid_access_token_bad_hash',
    http: 500,
    message: 'The access token does not belong to the ID Token.',
  },
  invalid_authorization_code_bad_hash: {
    wire: 'invalid_authorization_code_bad_hash',
    http: 500,
    message: 'The code does not belong to the ID Token.',
  },
  invalid_state_bad_hash: {
    wire: 'invalid_state_bad_hash',
    http: 500,
    message: 'The state does not belong to the ID Token.',
  },

  // UMA.
  no_uma_discovery_response: {
    wire: 'no_uma_discovery_response',
    http: 500,
    message: 'The OP is no authorization server of UMA, or does not say so properly.',
  },
  no_uma_endpoint: {
    wire: 'no_uma_discovery_response',
    http: 500,
    message: 'The authorization server does not offer this part of UMA.',
  },
  other_uma_version: {
    wire: 'invalid_request',
    http: 400,
    message: 'The authorization server speaks another version of UMA.',
  },
  invalid_uma_request: { wire: 'invalid_uma_request', http: 400, message: 'resources are not usable.' },
  http_method_not_unique: {
    wire: 'http_method_not_unique',
    http: 400,
    message: 'A path has the same HTTP method in two conditions.',
  },
  invalid_scope_expression: {
    // The original's spelling, which its clients know.
    wire: 'invalid_scope_expressioin',
    v4: 'invalid_scope_expression',
    http: 400,
    message: 'The scope expression is not usable.',
  },
  uma_protection_exists: {
    wire: 'uma_protection_exists',
    http: 400,
    message: 'The site has protected resources already: overwrite replaces them all.',
  },
  resource_not_protected: {
    wire: 'invalid_request',
    http: 400,
    message: 'No resource of the site has this path and HTTP method: protect it with uma_rs_protect.',
  },
  invalid_http_method: { wire: 'invalid_http_method', http: 400, message: 'http_method is not usable.' },
  invalid_path_parameter: { wire: 'invalid_path_parameter', http: 400, message: 'path is not usable.' },
  invalid_uma_scope_parameter: {
    wire: 'invalid_uma_scope_parameter',
    http: 400,
    message: 'Either scopes or scope_expression is needed.',
  },
  invalid_rpt_parameter: { wire: 'invalid_rpt_parameter', http: 400, message: 'rpt is not usable.' },
  invalid_ticket_parameter: { wire: 'invalid_ticket_parameter', http: 400, message: 'ticket is not usable.' },
  invalid_claims_redirect_uri_parameter: {
    wire: 'invalid_claims_redirect_uri_parameter',
    http: 400,
    message: 'claims_redirect_uri is not usable.',
  },
  invalid_claim_token_or_claim_token_form: {
    wire: 'invalid_claim_token_or_claim_token_form',
    http: 400,
    message: 'claim_token and claim_token_format go together.',
  },
  invalid_claim_token: {
    wire: 'invalid_claim_token_format',
    http: 400,
    message: 'The authorization server takes no such claim token.',
  },
  need_info: {
    wire: 'need_info',
    detailed: true,
    http: 403,
    message: 'The authorization server wants to know more of the user: see the details.',
  },
  request_submitted: {
    wire: 'request_submitted',
    detailed: true,
    http: 403,
    message: 'The owner of the resource is being asked: try again later with the ticket of the details.',
  },
  request_denied: {
    wire: 'request_denied',
    http: 403,
    message: 'The authorization server does not allow this access.',
  },
  invalid_ticket: {
    wire: 'invalid_ticket',
    http: 400,
    message: 'The ticket is unknown, expired or was already used: ask for the resource again.',
  },
  invalid_claims_state: {
    wire: 'bad_request',
    http: 400,
    message:
      'The state of the claims gathering is unknown, expired or was already used: send the user there again.',
  },
  rpt_not_authorized: {
    wire: 'rpt_not_authorized',
    http: 403,
    message: 'The authorization server did not add the permission to the RPT.',
  },

  // Ended logins.
  invalid_cursor: {
    wire: 'invalid_cursor',
    http: 400,
    message: 'cursor is not one that get_ended_logins gave to this site: give it back as it came.',
  },
  cursor_expired: {
    wire: 'cursor_expired',
    http: 410,
    message:
      'What ended after the cursor is no longer known completely: check each session with get_login_status, and go on without a cursor.',
  },
  foreign_logout_webhook_uri: {
    wire: 'bad_request',
    http: 400,
    message: 'logout_webhook_uri must have the origin of one of the redirect URIs of the site.',
  },
  restricted_logout_webhook_uri: {
    wire: 'bad_request',
    http: 400,
    message:
      'logout_webhook_uri must be https and at a public address; oxd serve --allow-webhook ORIGIN allows another.',
  },
  no_logout_webhook: {
    wire: 'bad_request',
    http: 400,
    message: 'The site has no webhook: give logout_webhook_uri.',
  },
  too_many_strangers: {
    wire: 'bad_request',
    http: 429,
    message:
      'Too many logins of third parties wait for the OP: try again in a few seconds, or log in at the site itself.',
  },
  too_many_waits: {
    wire: 'bad_request',
    http: 429,
    message: 'Too many calls wait for ended logins: end one, or ask without wait_seconds.',
  },

  // The daemon itself.
  store_unreachable: {
    wire: 'internal_error',
    http: 503,
    message: 'oxd cannot read or write its data: see the log of the daemon.',
  },
  store_damaged: {
    wire: 'internal_error',
    http: 500,
    message:
      'A record of oxd cannot be opened: stop the daemon and restore its data directory from the backup.',
  },
  shutting_down: { wire: 'internal_error', http: 503, message: 'oxd is shutting down: try again.' },
  internal_error: { wire: 'internal_error', http: 500, message: 'oxd failed: see the log of the daemon.' },

  // What comes in at the public listener; its answers do not tell these apart.
  invalid_jwt_type: {
    wire: 'invalid_request',
    http: 400,
    message: 'The JWT is one of another kind.',
  },
  invalid_logout_token_issuer: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token is from another issuer.',
  },
  invalid_logout_token_audience: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token is meant for another client.',
  },
  invalid_logout_token_issued_at: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token does not say when it was issued, or says it lies in the future.',
  },
  invalid_logout_token_old: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token was issued too long ago.',
  },
  invalid_logout_token_expired: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token has expired.',
  },
  invalid_logout_token_not_yet_valid: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token is not good yet: compare the clocks of the OP and of oxd.',
  },
  invalid_logout_token_jti: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token has no jti.',
  },
  invalid_logout_token_events: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token is none: the event of a back-channel logout is missing.',
  },
  invalid_logout_token_nonce: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token has a nonce, so it may be an ID Token.',
  },
  invalid_logout_token_subject: {
    wire: 'invalid_request',
    http: 400,
    message: 'The logout token names neither a subject nor a session, or what is none.',
  },
  unknown_public_id: {
    wire: 'invalid_request',
    http: 400,
    message: 'No site has this public id.',
  },
  invalid_logout_request: {
    wire: 'invalid_request',
    http: 400,
    message: 'The request has no logout_token, or more than one.',
  },
  foreign_logout: {
    wire: 'invalid_request',
    http: 400,
    message: 'The front-channel logout names no session of this site.',
  },
} as const satisfies Readonly<Record<string, ErrorRow>>

export type ErrorCode = keyof typeof ERROR_ROWS
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = ERROR_ROWS

/** Structured facts about a refusal; JSON. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * What decided a refusal: for the log, and for whoever explains a login later. Never part of an answer.
 * What of it may be read in clear, `reasons.ts` decides.
 */
export interface Reason {
  /** What differed, by the name of the specification: a claim, a member of a header or of an answer. */
  readonly about: string
  /** The section that asks for it. */
  readonly spec?: string
  readonly expected?: unknown
  readonly seen?: unknown
}

export interface OxdErrorOptions {
  /** What exactly is wrong, with which name, and what to do. It reaches the caller: no secret, and cleaned if it is not ours. */
  readonly what?: string
  /** For `"oxd": 1` callers: structured facts, as harmless as `what`. */
  readonly details?: ErrorDetails
  /** The HTTP status with which the OP refused; completes a wire code that ends in `_`. */
  readonly status?: number
  readonly reason?: Reason
  readonly cause?: unknown
}

/** The only error that callers of oxd see. */
export class OxdError extends Error {
  override readonly name = 'OxdError'
  readonly code: ErrorCode
  readonly details: ErrorDetails | undefined
  readonly status: number | undefined
  readonly reason: Reason | undefined

  constructor(code: ErrorCode, options: OxdErrorOptions = {}) {
    super(options.what === undefined ? ERRORS[code].message : `${ERRORS[code].message} ${options.what}`, {
      cause: options.cause,
    })
    this.code = code
    this.details = options.details
    this.status = options.status
    this.reason = options.reason
  }

  /** The code as the clients of oxd 2.4 to 4.5 know it. */
  get wire(): string {
    const { wire } = ERRORS[this.code]
    return wire.endsWith('_') ? `${wire}${this.status ?? 'unknown'}` : wire
  }

  /** The code as the clients of oxd 4.x know it. */
  get wire4(): string {
    return ERRORS[this.code].v4 ?? this.wire
  }

  /** The HTTP status of the 4.x dialect; a refusal of the OP's is passed on with its own. */
  get http(): number {
    const { wire, http } = ERRORS[this.code]
    return (wire.endsWith('_') || ERRORS[this.code].detailed) &&
      this.status !== undefined &&
      this.status >= 400
      ? this.status
      : http
  }
}

/** A mistake of the person who starts a program of oxd: one line that says what, where and what to do. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
