// Every command, one line each, in alphabetical order (kept by scripts/tidy.ts).
export * from './get_authorization_url.ts'
export * from './get_logout_uri.ts'
export * from './get_tokens_by_code.ts'
export * from './get_user_info.ts'
export * from './register_site.ts'
export * from './update_site_registration.ts'
