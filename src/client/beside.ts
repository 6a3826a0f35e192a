// Where the library puts files of its own: beside the configuration file, or where that is not allowed, among the temporary ones.
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const NOT_HERE: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS'])

/** Makes `<file>.<suffix>`, or its stand-in, which is the same for every process that names the same real file. */
export const besideOrTemporary = <T>(
  file: string,
  suffix: string,
  make: (path: string) => T,
): readonly [string, T] => {
  const beside = `${file}.${suffix}`
  try {
    return [beside, make(beside)]
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && NOT_HERE.has(error.code))) throw error
    const name = createHash('sha256').update(file).digest('hex').slice(0, 32)
    const temporary = join(tmpdir(), `oxd-${name}.${suffix}`)
    return [temporary, make(temporary)]
  }
}
