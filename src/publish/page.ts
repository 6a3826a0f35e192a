// The commands as a page for readers: stub.
import type { Published } from './openapi.ts'
export const commandsPage = (_published: Published): { html: string; policy: string } => ({ html: '', policy: '' })
