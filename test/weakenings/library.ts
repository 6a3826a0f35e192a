// The library: no command twice, no reply to another caller, and a configuration file in which only the id changes.
import { weakenings } from './rows.ts'

export const LIBRARY = [
  ...weakenings('src/client/pool.ts', 'src/client/socket.test.ts', [
    [
      'library: any command is sent again',
      'if (job.sent && !job.answered && job.repeatable && !job.repeated) {',
      'if (job.sent && !job.answered && !job.repeated) {',
      '^what may not be repeated is never sent twice',
    ],
    [
      'library: any command on a connection that may be closed',
      'const rested = job.repeatable && !job.repeated ? this.#idle.pop() : undefined',
      'const rested = this.#idle.pop()',
      '^connections are used again for what is harmless, a fresh one is made for what is not',
    ],
    [
      'library: a connection is used again after a time-out',
      'if (job.connection?.job === job) job.connection.end(undefined)',
      'if (job.connection?.job === job) {\njob.connection.rest()\nthis.#idle.push(job.connection)\n}',
      '^a late reply does not reach whoever asks next',
    ],
    [
      'library: a reply of any shape',
      'if (!isObject(data)) return NO_REPLY',
      '',
      '^no reply: (no data|data is a list)',
    ],
  ]),
  ...weakenings('src/client/pool.ts', 'src/client/http.test.ts', [
    [
      'library: what was answered in part is sent again',
      'if (job.sent && !job.answered && job.repeatable && !job.repeated) {',
      'if (job.sent && job.repeatable && !job.repeated) {',
      '^once a reply has begun nothing is sent again',
    ],
  ]),
  ...weakenings('src/client/socket.ts', 'src/client/socket.test.ts', [
    [
      'library: the first of several replies',
      'const only = this.#reader.next() === undefined && !this.#reader.midFrame && !this.#reader.closed',
      'const only = true',
      '^no reply: (two replies|a reply and the beginning of another)',
    ],
  ]),
  ...weakenings('src/client/http.ts', 'src/client/http.test.ts', [
    [
      'library: any certificate, where the process checks none',
      'rejectUnauthorized: true,',
      '',
      '^the certificate is checked although the process was told to check none',
    ],
    [
      'library: a reply of any size over HTTP',
      'if (bytes > reply_bytes_max) {',
      'if (false) {',
      '^no reply: more than allowed',
    ],
    [
      'library: success of any HTTP status',
      "return reply.status === 'error' || response.statusCode === OK ? reply : wrong",
      'return reply',
      '^a refusal is one whatever its status',
    ],
  ]),
  ...weakenings('src/client/settings.ts', 'src/client/config_file.test.ts', [
    [
      'library: plain HTTP to any host',
      "if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname) && !insecure) {",
      'if (false) {',
      '^refuses: plain HTTP elsewhere',
    ],
  ]),
  ...weakenings('src/client/client_token.ts', 'src/client/client_token.test.ts', [
    [
      'library: each call has its own client token',
      'this.#obtaining ??= this.#obtain().finally(() => {',
      'this.#obtaining = this.#obtain().finally(() => {',
      '^all who ask at once wait for the same',
    ],
    [
      'library: each refusal costs a client token',
      'if (this.#held?.token === refused) this.#held = undefined',
      'this.#held = undefined',
      '^all who ask at once wait for the same',
    ],
  ]),
  ...weakenings('src/client/config_write.ts', 'src/client/protection.test.ts', [
    [
      'cfg: a secret into a file that everybody may read',
      "if (process.platform === 'win32' || (statSync(file).mode & OTHERS) === 0) return",
      'return',
      '^setupClient: nothing is registered whose secret everybody could read',
    ],
  ]),
  ...weakenings('src/client/client.ts', 'src/client/client.test.ts', [
    [
      'library: each process registers the site',
      'if (this.#oxdId !== undefined && (!again || this.#oxdId !== held)) return { oxd_id: this.#oxdId }',
      '',
      '^(what another process registered meanwhile is used|eight processes at once)',
    ],
    [
      'library: the site is registered before it is known whether the file can be written',
      'requireWritable(file)',
      '',
      '^a read-only file: an error before anything is registered',
    ],
    [
      'library: a command that uses up a state is sent again',
      'const repeatable = REPEATABLE.has(command) && params.state === undefined',
      'const repeatable = REPEATABLE.has(command)',
      '^a command that breaks off is repeated only if it is harmless and uses up no state',
    ],
    [
      'library: credentials that have no effect are dropped in silence',
      'this.#requireSameCredentials(options)',
      '',
      '^credentials that would have no effect are an error',
    ],
    [
      'library: close breaks off a login that has begun',
      'await Promise.allSettled(this.#calls)',
      '',
      '^close lets what has begun end',
    ],
    [
      'library: a registration is closed away before its id is written',
      'await this.#registering?.work.catch(() => undefined)',
      '',
      '^closed, it waits for no other process .* but writes down what was registered',
    ],
  ]),
  ...weakenings('src/client/config_file.ts', 'src/client/config_file.test.ts', [
    [
      'cfg: the keys of other programs are taken',
      'const own = entriesIn(document, SECTIONS)',
      'const own = document.sections.flatMap(({ entries }) => entries)',
      '^what stands in other sections is not ours',
    ],
    [
      'cfg: malformed lines are passed over',
      'if (wrong !== undefined) {',
      'if (false) {',
      '^refuses: a line that is nothing',
    ],
    [
      'cfg: a malformed line has no number',
      'throw new OxdConfigError(`${wrong.problem}: ${shown(wrong)}`, { file, line: wrong.line })',
      'throw new OxdConfigError(`${wrong.problem}: ${shown(wrong)}`, { file })',
      '^refuses: a line that is nothing',
    ],
    [
      'cfg: a malformed line shows its secret',
      String.raw`return isSecret(line) ? ${"`${isSecret(word) ? word : ''} …`"} : line.slice(0, LINE_CHARACTERS_MAX)`,
      'return line.slice(0, LINE_CHARACTERS_MAX)',
      '^an error shows no secret',
    ],
    [
      'cfg: the rest of a secret is shown',
      'if (isSecret(after)) return `(not shown: it follows ${after})`',
      '',
      '^an error shows no secret',
    ],
    [
      'cfg: the second of two values wins',
      'if (earlier !== undefined && KEYS.has(key)) {',
      'if (false) {',
      '^refuses: a key given twice',
    ],
    [
      'cfg: a file of any size',
      'if (size > limits.config_bytes_max) {',
      'if (false) {',
      '^refuses: too large',
    ],
    [
      'cfg: a missing file',
      "if (code === 'ENOENT') return 'there is no such file: write one, or give the right path'",
      '',
      '^a missing file and a folder are clear errors',
    ],
    [
      'cfg: a file that may not be read',
      "if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it: check owner and mode'",
      '',
      '^a file that this user may not read is a clear error',
    ],
  ]),
  ...weakenings('src/client/config_write.ts', 'src/client/config_write.test.ts', [
    [
      'cfg: a read-only file is written',
      'if ((statSync(file).mode & WRITABLE) === 0) {',
      'if (false) {',
      '^a read-only file is a clear error, for root too',
    ],
    [
      'cfg: the mode is lost',
      'fchmodSync(descriptor, stats.mode & PERMISSIONS)',
      '',
      '^an ordinary file is replaced as a whole, and keeps its mode',
    ],
    ['cfg: a hard link is lost', 'if (stats.nlink > 1) return false', '', '^a hard link stays one'],
    [
      'cfg: a symbolic link is lost',
      'const target = realpathSync(file)',
      'const target = file',
      '^a symbolic link stays one',
    ],
    [
      'cfg: an id that cannot be read again',
      String.raw`if (!/^[\x21-\x7e]+$/.test(oxd_id) || /^(<.*>|"")$/.test(oxd_id)) throw new Error('it is no plain word')`,
      '',
      '^an id that could not be read again is not written',
    ],
  ]),
  ...weakenings('src/client/ini.ts', 'src/client/ini.test.ts', [
    [
      'cfg: bytes that are no UTF-8 are changed',
      "return Buffer.from(text, 'latin1')",
      "return Buffer.from(text, 'utf8')",
      '^the bytes of a file need not be UTF-8',
    ],
    [
      'cfg: line endings are changed',
      String.raw`const ending = /(\r\n|\n|\r)$/.exec(before)?.[0] ?? /\r\n|\n|\r/.exec(text)?.[0] ?? '\n'`,
      String.raw`const ending = '\n'`,
      '^writes: CRLF',
    ],
    [
      'cfg: what stands behind the id is lost',
      'return result + text.slice(from)',
      'return result',
      '^(writes: an old value|whatever the file)',
    ],
  ]),
  ...weakenings('src/client/lock.ts', 'src/client/lock.test.ts', [
    [
      'lock: any number of processes',
      "return openSync(lock, 'wx', 0o644)",
      "return openSync(lock, 'w', 0o644)",
      '^one after the other, and nothing is left',
    ],
    [
      'lock: the lock of another is removed',
      'if (sameFile(statOf(path), fstatSync(descriptor))) unlinkSync(path)',
      'unlinkSync(path)',
      '^who lost the lock leaves that of the next one alone',
    ],
    [
      'lock: a lock that is stale no more is removed',
      'if (unchanged(statOf(lock), seen)) unlinkSync(lock)',
      'unlinkSync(lock)',
      '^a lock that is no longer the one that was found stale stays',
    ],
    [
      'lock: a holder that takes long is taken for dead',
      'const beat = setInterval(shows, limits.lock_stale_ms / 4, held)',
      'const beat = setInterval(shows, limits.lock_stale_ms * 400, held)',
      '^a holder that takes long shows that it lives',
    ],
    [
      'lock: a number of another machine is taken for one of this',
      'const dead = holder?.place === placeOf() && !lives(holder)',
      'const dead = holder !== undefined && !lives(holder)',
      '^a number means nothing at another place',
    ],
  ]),
]
