// The OpenAPI document: stub.
import type { AnyCommand } from '../command.ts'
export interface Published {
  readonly commands: readonly AnyCommand[]
  readonly dialect: 'v3' | 'v4'
  readonly version: string
  readonly protected: boolean
}
export const openApi = (_published: Published): object => ({})
