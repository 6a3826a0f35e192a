// Mistakes of whoever starts oxd: one line that says what, where and what to do; nothing lost.
import { weakenings } from './rows.ts'

export const START = [
  ...weakenings('src/config.ts', 'src/config.test.ts', [
    [
      'config: unknown flags are passed over',
      'strict: true,',
      'strict: false,',
      '^settings name what is wrong with \\["--porrt"',
    ],
    [
      'config: unknown variables are passed over',
      'if (unknown !== undefined)',
      'if (false)',
      '^settings name what is wrong with \\{"OXD_PORRT"',
    ],
    [
      'config: unknown settings in the file are passed over',
      'if (!isSetting(name)) throw new StartError(`${where}: there is no such setting. See oxd serve --help.`)',
      '',
      '^settings name what is wrong with "(porrt|key)',
    ],
    [
      'config: a malformed setting has no place',
      "throw new StartError(`${given?.where ?? name}: ${result.error.issues[0]?.message ?? 'malformed'}.`)",
      "throw new StartError(`${name}: ${result.error.issues[0]?.message ?? 'malformed'}.`)",
      '^settings name what is wrong with "\\\\n\\\\nport: x"',
    ],
    [
      'config: trusted origins that are none',
      'const isOrigin = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)',
      'const isOrigin = (value: string): boolean => URL.canParse(value)',
      '^settings name what is wrong with \\["--trust-op"',
    ],
  ]),
  ...weakenings('src/config.ts', 'test/process.test.ts', [
    [
      'config: a file that cannot be read is not named',
      'throw new StartError(',
      'throw error\nthrow new StartError(',
      '^a start that cannot be says what is wrong with a missing settings file',
    ],
  ]),
  ...weakenings('src/main.ts', 'test/process.test.ts', [
    [
      'start: a start that failed ends with 0',
      'process.stderr.write(`oxd: ${error.message}\\n`)',
      'return void process.stderr.write(`oxd: ${error.message}\\n`)',
      '^a start that cannot be says what is wrong with an unknown flag',
    ],
    [
      'start: mistakes are told as a stack',
      'if (!(error instanceof StartError)) throw error',
      'throw error',
      '^a start that cannot be says what is wrong with an unknown flag',
    ],
  ]),
  ...weakenings('src/store/key.ts', 'src/store/key.test.ts', [
    [
      'key: inside the data directory',
      'if (orStartError(`Cannot use ${keyFile}`, () => isInside(keyFile, directory)))',
      'if (false)',
      '^a start is refused, and changes nothing a key file inside the data directory',
    ],
    [
      'key: a file that others may read',
      "refuseOthers('The key file', path, stats, '600')",
      '',
      '^a start is refused, and changes nothing a key file or data directory that is open',
    ],
    [
      'key: a data directory that others may enter',
      "refuseOthers('The data directory', path, stats, '700')",
      '',
      '^a start is refused, and changes nothing a key file or data directory that is open',
    ],
    [
      'key: the data directory is made open to others',
      'mkdirSync(path, { mode: 0o700 })',
      'mkdirSync(path)',
      '^a new store is made with its key, closed to others',
    ],
    [
      'key: a lost key is replaced',
      'if (known === undefined && !fresh)',
      'if (false)',
      '^a start is refused, and changes nothing a store whose key is missing',
    ],
    [
      'key: a wrong key',
      'await refuseWrongKey(engine, opening, keyAt)',
      '',
      '^a start is refused, and changes nothing a store with another key',
    ],
    [
      'key: two keys',
      'if (given !== undefined && kept !== undefined && !given.equals(kept))',
      'if (false)',
      '^a start is refused, and changes nothing two different keys',
    ],
    [
      'key: a lost database is replaced',
      'if (fresh && isThere(`${path}-wal`))',
      'if (false)',
      '^a start is refused, and changes nothing a database that is gone',
    ],
    [
      'key: a new store is made without a word',
      "'warn',",
      "'debug',",
      '^a new store is made with its key, closed to others, and said loudly',
    ],
  ]),
  ...weakenings('src/store/key.ts', 'src/store/processes.test.ts', [
    [
      'key: a data directory that cannot be written',
      'accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)',
      '',
      '^a store and its processes a data directory that this user cannot write',
    ],
  ]),
  ...weakenings('src/store/files.ts', 'src/store/key.test.ts', [
    [
      'files: made open to others',
      "const fd = openSync(path, 'wx', 0o600)",
      "const fd = openSync(path, 'wx', 0o644)",
      '^a new store is made with its key, closed to others',
    ],
  ]),
  ...weakenings('src/store/files.ts', 'src/store/files.test.ts', [
    [
      'files: one replaces another that was just made',
      'linkSync(temporary, path)',
      'rmSync(path, { force: true })\nlinkSync(temporary, path)',
      '^private files of two that publish',
    ],
  ]),
]
