// What a named fault is: one wrong thing that an OP does, and the section that it breaks.
import type { Faults } from '../op.ts'

/** What a fault may point at. */
export interface Places {
  /** The issuer that lies. */
  readonly issuer: string
  /** Another issuer, at another address: what an attacker would run. */
  readonly attacker: string
  /** Origins, on IPv4 and IPv6, that nobody has any business with. */
  readonly canary: string
  readonly canary6: string
  /** Unique. */
  readonly name: string
}

export interface NamedFault {
  /** What the OP does, in one line. */
  readonly what: string
  /** The section that it breaks, or that says what a relying party does about it; `-` where none does. */
  readonly spec: string
  /** An OP at http would say nothing wrong so. */
  readonly over?: 'https'
  readonly faults: Faults | ((places: Places) => Faults)
}

/** A table of faults that keeps their names as types. */
export const faults = <Name extends string>(
  table: Readonly<Record<Name, NamedFault>>,
): Readonly<Record<Name, NamedFault>> => table

/** What the OP does then. */
export const faultsAt = ({ faults: given }: NamedFault, places: Places): Faults =>
  typeof given === 'function' ? given(places) : given
