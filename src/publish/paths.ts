// The paths of the commands over HTTP: their names with hyphens, as all clients build them.
import type { AnyCommand } from '../command.ts'

export const pathOf = (name: string): `/${string}` => `/${name.replaceAll('_', '-')}`

/** Every name of a command, its own first. */
export const namesOf = ({ name, aliases = [] }: AnyCommand): readonly string[] => [name, ...aliases]
