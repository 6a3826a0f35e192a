// Every command of administration, one line each, in alphabetical order.
export * from './add_caller.ts'
export * from './delete_site.ts'
export * from './drop_old_keys.ts'
export * from './list_callers.ts'
export * from './list_sites.ts'
export * from './remove_caller.ts'
export * from './rotate_caller.ts'
export * from './show_site.ts'
