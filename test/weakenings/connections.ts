// Connections that say nothing, too much, too slowly, or twice; and many of them.
import { weakenings } from './rows.ts'

export const CONNECTIONS = [
  ...weakenings('src/serve/socket.ts', 'src/serve/socket.test.ts', [
    [
      'socket: another protocol is answered',
      "else turns.push({ kind: 'leave' })",
      "else turns.push({ kind: 'refusal', code: 'malformed_json', close: true })",
      '^another protocol is closed without an answer',
    ],
    [
      'socket: a reply in two writes',
      'socket.write(frame, () => {',
      'socket.write(frame.subarray(0, 4))\nsocket.write(frame.subarray(4), () => {',
      '^each reply is one write$',
    ],
    [
      'socket: commands of one connection side by side',
      'await take(turn)',
      'take(turn).catch(() => socket.destroy())',
      '^pipelined frames are carried out one at a time',
    ],
    [
      'socket: the twin of oxd-php is a command',
      'if (isTwin) return',
      '',
      '^the twin is dropped when both come in one chunk$',
    ],
    [
      'socket: any frame may have a twin',
      "const mayHaveTwin = frames === 1 && value['oxd'] !== 1",
      "const mayHaveTwin = value['oxd'] !== 1",
      '^only the first reply is held',
    ],
    [
      'socket: frames of our library may have twins',
      "const mayHaveTwin = frames === 1 && value['oxd'] !== 1",
      'const mayHaveTwin = frames === 1',
      '^only the first reply is held',
    ],
    [
      'socket: no reply is held for the twin',
      'await turn.hold',
      '',
      '^the twin is dropped when it comes within the hold',
    ],
    [
      'socket: a twin that arrived is not read before the reply',
      'if (turn.hold !== undefined) await inputIsRead()',
      '',
      '^the twin is dropped when it has arrived on a machine that was too busy',
    ],
    [
      'socket: a frame has any time',
      "if (reader.midFrame) frameTimer ??= setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      '',
      '^a header that counts too far, or too short$',
    ],
    [
      'socket: each byte prolongs the time of its frame',
      "if (reader.midFrame) frameTimer ??= setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      "clearTimeout(frameTimer)\nif (reader.midFrame) frameTimer = setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      '^a frame that is not completed in time is refused, however it drips$',
    ],
    [
      'socket: silence between frames is punished',
      "if (reader.midFrame) frameTimer ??= setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      "frameTimer ??= setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      '^each frame has its own time, and silence between frames has no end$',
    ],
    [
      'socket: a peer may go on sending after its last answer',
      'closeTimer = setTimeout(() => socket.destroy(), limits.close_ms_max)',
      '',
      '^a peer that goes on sending after its last answer is cut off$',
    ],
    [
      'socket: a peer need not read its replies',
      'const timer = setTimeout(() => socket.destroy(), limits.reply_ms_max)',
      'const timer = undefined',
      '^a peer that does not read its reply is cut off',
    ],
    [
      'socket: any number of connections',
      'if (conversations.size >= limits.connections_max) {',
      'if (false) {',
      '^connections beyond the limit are closed at once',
    ],
    [
      'socket: any number of bytes may wait',
      'turns.length < limits.waiting_frames_max && waitingBytes < limits.frame_bytes_max',
      'turns.length < limits.waiting_frames_max',
      '^few large frames that wait are not read on either$',
    ],
    [
      'socket: a connection is read while its frames wait',
      'else socket.pause()',
      '',
      '^a peer that sends without end is not read while its frames wait$',
    ],
    [
      'socket: new commands are begun while oxd stops',
      "if (stopping) return refusal('shutting_down', request)",
      '',
      '^closing: idle connections end at once',
    ],
    [
      'socket: the log tells what an unknown exception said',
      "log('error', 'a connection failed', { peer, error: error instanceof Error ? error.name : typeof error })",
      "log('error', 'a connection failed', { peer, error: String(error) })",
      '^a command that fails against its word costs only its own connection$',
    ],
    [
      'socket: the Unix socket is open to others',
      'const before = process.umask(0o177)',
      'const before = process.umask(0o000)',
      '^a Unix socket: mode 0600',
    ],
    [
      'socket: the Unix socket of a live daemon is taken',
      'const problem = await connectProblem(path)',
      "const problem: string | undefined = 'ECONNREFUSED'",
      '^the socket of a live daemon is left alone$',
    ],
    [
      'socket: a file that is in the way is removed',
      'if (!found.isSocket()) {',
      'if (false) {',
      '^a file that is no socket is left alone$',
    ],
  ]),
  ...weakenings('src/limits.ts', 'src/serve/socket.test.ts', [
    [
      'socket: 400 connections at most',
      'connections_max: 1_024,',
      'connections_max: 400,',
      '^500 silent connections',
    ],
  ]),
]
