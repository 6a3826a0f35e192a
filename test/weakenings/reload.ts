// Files that are read again while the daemon runs.
import { weakenings } from './rows.ts'

export const RELOAD = [
  ...weakenings('src/reload/files.ts', 'src/reload/files.test.ts', [
    [
      'reload: the text of any error',
      "const reason = error instanceof StartError ? error.message : 'unexpected failure'",
      'const reason = String(error)',
      '^files that change are tried once',
    ],
    [
      'reload: files that are of no use are tried without end',
      'stamps.set(group, now)',
      'if (before === undefined) stamps.set(group, now)',
      '^files that change are tried once',
    ],
    [
      'reload: files are read at once',
      'const inTurn = (isForced: boolean): Promise<void> => (turn = turn.then(() => lookAll(isForced)))',
      'const inTurn = (isForced) => (turn = lookAll(isForced))',
      '^files that change are read one after the other',
    ],
  ]),
  ...weakenings('src/reload/settings.ts', 'src/reload/settings.test.ts', [
    [
      'reload: what waits for the next start is taken',
      'config: { ...running, ...live },',
      'config: read,',
      '^changed settings are taken where they can be',
    ],
    [
      'reload: whether the key has changed is told',
      ".filter(([name, value]) => name !== 'key' && differs(value, running[name as SettingName]))",
      '.filter(([name, value]) => differs(value, running[name as SettingName]))',
      '^changed settings never say anything of the key',
    ],
  ]),
  ...weakenings('src/reload/door.ts', 'src/reload/door.test.ts', [
    [
      'reload: a way through the old door stays open',
      'fetchFor: (step) => (url, init) => door.fetchFor(step)(url, init),',
      'fetchFor: (step) => door.fetchFor(step),',
      '^a door that changes goes by the new rules',
    ],
    [
      'reload: old doors are never closed',
      'await Promise.all([door, ...retired.keys()].map((each) => each.close()))',
      'await door.close()',
      '^a door that changes closes every door',
    ],
  ]),
]
