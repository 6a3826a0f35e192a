// Records that are written together: what a commit defends, each as one source line.
import { weakenings } from './rows.ts'

export const COMMIT = [
  ...weakenings('src/store/store.ts', 'src/store/store.test.ts', [
    [
      'commit: a record is spent twice',
      'spend: (id, { version }) => ({ key: prefix + fullNameOf(id), expected: version, removed: true }),',
      "spend: (id) => ({ key: prefix + fullNameOf(id), expected: 'any', removed: true }),",
      '^a kind of fifty commits that spend a record one succeeds',
    ],
    [
      'commit: a record occurs twice',
      'if (new Set(writes.map(({ key }) => key)).size !== writes.length)',
      'if (false)',
      '^a kind a record occurs once in a commit',
    ],
  ]),
  ...weakenings('src/store/sqlite.ts', 'src/store/sqlite.test.ts', [
    [
      'commit: nothing is expected',
      "if (expected !== 'any' && expected !== (read.get({ key, now: now() })?.version ?? 0))",
      'if (false)',
      '^the engine contract: sqlite of 50 concurrent commits',
    ],
    [
      'commit: what was written before a conflict stays',
      "if (db.isTransaction) db.exec('ROLLBACK')",
      "if (db.isTransaction) db.exec('COMMIT')",
      '^the engine contract: sqlite a commit of which one expectation fails',
    ],
    [
      'commit: what was answered may be lost with the power',
      "const durable = changes.some((change) => 'removed' in change || change.durable)",
      'const durable = false',
      '^the sqlite engine what is durable',
    ],
  ]),
  ...weakenings('src/store/sqlite.ts', 'src/store/processes.test.ts', [
    [
      'commit: another process writes between expectation and write',
      "db.exec('BEGIN IMMEDIATE')",
      "db.exec('BEGIN')",
      '^a store and its processes kill -9: of a commit',
    ],
  ]),
  ...weakenings('src/store/memory.ts', 'src/store/memory.test.ts', [
    [
      'commit: memory expects nothing',
      "if (!changes.every(({ key, expected }) => isAsExpected(key, expected))) return 'conflict'",
      '',
      '^the engine contract: memory a commit of which one expectation fails',
    ],
  ]),
]
