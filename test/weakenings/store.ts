// What is kept: sealed in its place, spent once, on the disk before it is answered; a full disk loses nothing.
import { weakenings } from './rows.ts'

export const STORE = [
  ...weakenings('src/store/seal.ts', 'src/store/seal.test.ts', [
    [
      'seal: a body is not proven',
      'return Buffer.concat([start, decipher.final()])',
      'return start',
      '^seal (opens in no other place|notices each flipped bit)',
    ],
    [
      'seal: a body is not bound to its name',
      'place: framed([head, kind, name, String(version), String(expires_at)]),',
      'place: framed([head, kind, String(version), String(expires_at)]),',
      '^seal opens in no other place',
    ],
    [
      'seal: a body is not bound to its version',
      'place: framed([head, kind, name, String(version), String(expires_at)]),',
      'place: framed([head, kind, name, String(expires_at)]),',
      '^seal opens in no other place',
    ],
    [
      'seal: a body is not bound to its expiry',
      'place: framed([head, kind, name, String(version), String(expires_at)]),',
      'place: framed([head, kind, name, String(version)]),',
      '^seal opens in no other place',
    ],
    [
      'seal: lists of parts run into each other',
      'return [length, bytes]',
      'return [bytes]',
      '^keys parts, purposes and master keys are kept apart',
    ],
    [
      'seal: equal contents look equal',
      'const head = Buffer.concat([Buffer.of(FORMAT), keys.id, random(SALT_BYTES), random(IV_BYTES)])',
      'const head = Buffer.concat([Buffer.of(FORMAT), keys.id, Buffer.alloc(SALT_BYTES + IV_BYTES)])',
      '^seal hides its content',
    ],
    [
      'seal: another key is not named',
      "if (keyIdOf(body) !== keys.id.toString('hex'))",
      'if (false)',
      '^seal says when another key',
    ],
  ]),
  ...weakenings('src/store/store.ts', 'src/store/store.test.ts', [
    [
      'store: names in clear',
      'const nameOf = (id: RecordId): string => fingerprint(keys, `name ${kind}`, ...id)',
      "const nameOf = (id: RecordId): string => id.join('.')",
      '^below the store the engine sees neither ids nor values',
    ],
    [
      'store: what is damaged is absent',
      'return record && opened(name, record)',
      'return record && openedOrLogged(name, record)',
      '^below the store a body that was moved',
    ],
    [
      'store: an insert overwrites',
      'sealed(id, value, { ...keeping, expected: ABSENT, version: firstVersion(world.random) }),',
      "sealed(id, value, { ...keeping, expected: 'any', version: 1 }),",
      '^a kind of fifty inserters and fifty takers one succeeds',
    ],
    [
      'store: an update overwrites what another has changed',
      'expected: version,',
      "expected: 'any',",
      '^a kind update: no change of concurrent callers is lost',
    ],
    [
      'store: a record made anew looks like the old one',
      "const firstVersion = (random: StoreWorld['random']): number => (random(4).readUInt32BE() >>> 1) + 1",
      "const firstVersion = (_random: StoreWorld['random']): number => 1",
      '^a kind update does not overwrite a record that was made anew',
    ],
  ]),
  ...weakenings('src/store/sqlite.ts', 'src/store/sqlite.test.ts', [
    [
      'sqlite: what was answered may be lost with the power',
      'if (durable) await reachDisk()',
      '',
      '^the sqlite engine what is durable',
    ],
    [
      'sqlite: what was taken may come back with the power',
      'changing(true, () => {',
      'changing(false, () => {',
      '^the sqlite engine what is durable',
    ],
    [
      'sqlite: a wait for the disk that began before the write is enough',
      'if (synced < upto && syncing !== undefined) await syncing',
      'if (syncing !== undefined) return syncing',
      '^the sqlite engine one wait for the disk',
    ],
    [
      'sqlite: what the disk did not keep is answered',
      'if (synced < upto) throw unreachable(DISK_FAILED, broken)',
      '',
      '^the sqlite engine what the disk does not keep',
    ],
    [
      'sqlite: the disk is asked again after it failed',
      'if (synced < upto && broken === undefined) await (syncing ??= syncOnce())',
      'if (synced < upto) await (syncing ??= syncOnce())',
      '^the sqlite engine what the disk does not keep',
    ],
    [
      'sqlite: it goes on after the disk failed',
      'if (broken !== undefined) throw unreachable(DISK_FAILED, broken)',
      '',
      '^the sqlite engine what the disk does not keep',
    ],
    [
      'sqlite: nothing was changed here, so nothing is waited for',
      'if (durable || changes > 0) written += 1',
      'if (changes > 0) written += 1',
      '^the sqlite engine what is durable',
    ],
    [
      'sqlite: the database is waited for instead of its log',
      "const log = orStartError(`Cannot open the log of ${path}`, () => openSync(`${db.location()}-wal`, 'r+'))",
      "const log = openSync(`${db.location()}`, 'r+')",
      '^the sqlite engine what is durable',
    ],
    [
      'sqlite: the log is looked for beside a link',
      "const log = orStartError(`Cannot open the log of ${path}`, () => openSync(`${db.location()}-wal`, 'r+'))",
      "const log = openSync(`${path}-wal`, 'r+')",
      '^the sqlite engine a database behind a link',
    ],
    [
      'sqlite: what was left in the log stays there',
      "db.exec('PRAGMA wal_checkpoint(TRUNCATE)')",
      '',
      '^the sqlite engine what was left in the log',
    ],
    [
      'sqlite: closing does not wait for the disk',
      'await reachDisk().catch(() => {})',
      '',
      '^the sqlite engine closing waits',
    ],
    [
      'sqlite: the log is written over too early',
      "db.exec('PRAGMA synchronous = NORMAL')",
      "db.exec('PRAGMA synchronous = OFF')",
      '^the sqlite engine its write-ahead log',
    ],
    [
      'sqlite: a log of any size',
      'db.exec(`PRAGMA wal_autocheckpoint = ${Math.ceil(wal_bytes_max / PAGE_BYTES)}`)',
      '',
      '^the sqlite engine its write-ahead log',
    ],
    [
      'sqlite: an insert overwrites',
      'insert: `${INSERT} WHERE NOT ${LIVE}`,',
      'insert: `${INSERT} WHERE :now > 0`,',
      '^the engine contract: sqlite .*concurrent inserters',
    ],
    [
      'sqlite: what has expired is there',
      "const LIVE = '(records.expires_at IS NULL OR records.expires_at > :now)'",
      "const LIVE = '(:now > 0)'",
      '^the engine contract: sqlite from its expiry on',
    ],
    [
      'sqlite: a failure looks like absence',
      'if (code !== undefined) throw unreachable(reasonOf(code), error)',
      'if (code !== undefined) return undefined as never',
      '^the sqlite engine (a database that another process holds|what is damaged while it is open)',
    ],
    [
      'sqlite: a full disk is passed over',
      'if (code !== undefined) throw unreachable(reasonOf(code), error)',
      'if (code === 13) return { changes: 1 } as never',
      '^the sqlite engine a full disk',
    ],
    [
      'sqlite: another process is not waited for',
      'const db = new DatabaseSync(url, { timeout: busy_ms })',
      'const db = new DatabaseSync(url)',
      '^the sqlite engine a database that another process holds',
    ],
    [
      'sqlite: files open to others',
      "closeSync(openSync(path, 'wx', 0o600))",
      "closeSync(openSync(path, 'wx', 0o644))",
      '^the sqlite engine its files are open to nobody else',
    ],
    [
      'sqlite: a missing database is made anew',
      "url.searchParams.set('mode', 'rw')",
      "url.searchParams.set('mode', 'rwc')",
      '^the sqlite engine what is no whole database of this oxd',
    ],
    [
      'sqlite: any SQLite file',
      "if (pragma('application_id') !== APPLICATION_ID)",
      'if (false)',
      '^the sqlite engine what is no whole database of this oxd',
    ],
  ]),
  ...weakenings('src/store/sqlite.ts', 'src/store/processes.test.ts', [
    [
      'sqlite: what could not be deleted is handed out',
      'const rows = statements.take.all({ key, now: now() })',
      'const rows = [statements.take.get({ key, now: now() })]',
      '^a store and its processes a full disk',
    ],
  ]),
]
