// The codec: every header of every known client, however the bytes are cut; and what is no frame.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { LIMITS } from '../limits.ts'
import type { Limits } from '../limits.ts'
import { encodeReply, encodeRequest, FrameReader } from './frame.ts'
import type { Frame } from './frame.ts'

type FrameLimits = Pick<Limits, 'frame_bytes_max'>
const SMALL: FrameLimits = { frame_bytes_max: 64 }

/** Frames in short: objects as their value, anything else as `code`, `code!` (and close) or `not_a_frame`. */
const brief = (frame: Frame): unknown => {
  if (frame.kind === 'object') return frame.value
  return frame.kind === 'bad' ? `${frame.code}${frame.close ? '!' : ''}` : frame.kind
}

const takeAll = (reader: FrameReader): Frame[] => {
  const frames: Frame[] = []
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
  return frames
}

const readChunks = (chunks: readonly Uint8Array[], limits: FrameLimits = LIMITS) => {
  const reader = new FrameReader(limits)
  const frames: Frame[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    frames.push(...takeAll(reader))
  }
  return { reader, frames }
}

const read = (bytes: string | Buffer, limits: FrameLimits = LIMITS): unknown[] =>
  readChunks([Buffer.from(bytes)], limits).frames.map(brief)

/** Cuts at the given fractions of the length. */
const cut = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = cuts.map((fraction) => Math.floor(fraction * bytes.length)).toSorted((a, b) => a - b)
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length))
}

const pad = (n: number): string => String(n).padStart(4, '0')

/** How the clients count and write the length of a body. */
const HEADERS: Readonly<Record<string, (body: string) => string>> = {
  'bytes (Go)': (body) => pad(Buffer.byteLength(body)),
  'UTF-16 units (Java, Node)': (body) => pad(body.length),
  'code points (Ruby)': (body) => pad([...body].length),
  'three digits below 100 (PHP, Ruby, C#)': (body) => `0${body.length}`,
  'five digits at 100 (Node)': (body) => `00${body.length}`,
  'none (C#)': () => '',
}

const anyObject = fc.dictionary(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.jsonValue({ stringUnit: 'binary' }),
  {
    maxKeys: 4,
  },
)
const anyCuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

test('any chunking, any header style, several frames in a row', () => {
  const anyFrame = fc.record({
    object: anyObject,
    header: fc.constantFrom(...Object.values(HEADERS)),
    indent: fc.constantFrom(0, 1),
    after: fc.constantFrom('', '', '\n', ' \t\r\n'),
  })
  fc.assert(
    fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 5 }), anyCuts, (sent, cuts) => {
      const bodies = sent.map(({ object, indent }) => JSON.stringify(object, null, indent))
      const wire = sent.map(({ header, after }, i) => header(bodies[i] ?? '') + bodies[i] + after).join('')
      const { reader, frames } = readChunks(cut(Buffer.from(wire), cuts))
      assert.deepEqual(
        frames.map((frame) => JSON.stringify(brief(frame))),
        bodies.map((body) => JSON.stringify(JSON.parse(body))),
      )
      assert.equal(reader.midFrame, false)
      assert.equal(reader.closed, false)
    }),
    { numRuns: 500 },
  )
})

test('whatever the bytes are, their chunks do not matter, and what is held is bounded', () => {
  const pieces =
    '{ } " \\ x : 1 0 [ ] {} {"a":1} {"é":"}"} {"a":"\\"}"} "a": 0002 0009 0064 0065 99999 00000000 \u{1f600} GET'
  const piece = fc.constantFrom(' ', '\n', ...pieces.split(' '))
  const anyBytes = fc
    .array(
      fc.oneof(
        piece.map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 2 }).map(Buffer.from),
      ),
    )
    .map((pieces) => Buffer.concat(pieces))
  fc.assert(
    fc.property(anyBytes, anyCuts, (bytes, cuts) => {
      const whole = readChunks([bytes], SMALL)
      const single = readChunks(
        [...bytes].map((byte) => Uint8Array.of(byte)),
        SMALL,
      )
      const chunked = readChunks(cut(bytes, cuts), SMALL)
      assert.deepEqual(single.frames, whole.frames)
      assert.deepEqual(chunked.frames, whole.frames)
      assert.equal(single.reader.midFrame, whole.reader.midFrame)
      for (const frame of whole.frames) {
        if (frame.kind === 'object') assert.ok(frame.raw.length <= SMALL.frame_bytes_max + 7)
      }
    }),
    { numRuns: 2_000 },
  )
})

const body = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`

const TABLE: readonly (readonly [what: string, bytes: string | Buffer, frames: readonly unknown[]])[] = [
  ['by the book', '0007{"a":1}', [{ a: 1 }]],
  ['empty object', '0002{}', [{}]],
  ['one digit', '7{"a":1}', [{ a: 1 }]],
  ['seven digits', '0000007{"a":1}', [{ a: 1 }]],
  ['white space counted before the body', '0008 {"a":1}', [{ a: 1 }]],
  ['white space counted after the body', '0009{"a":1} \n0007{"b":2}', [{ a: 1 }, { b: 2 }]],
  ['white space between frames', '0007{"a":1}\r\n \t{"b":2}\n', [{ a: 1 }, { b: 2 }]],
  ['a brace in a string', '0009{"a":"}"}', [{ a: '}' }]],
  ['an escaped quote in a string', '{"a":"\\"}"}', [{ a: '"}' }]],
  ['a backslash at the end of a string', '{"a":"\\\\"}{}', [{ a: '\\' }, {}]],
  ['nested objects', '{"a":{"b":{}}}{}', [{ a: { b: {} } }, {}]],
  ['incomplete: waits', '0007{"a":1', []],
  ['no header, incomplete: waits', '{"a":"}', []],
  ['header counts too far: waits for the rest', '0009{"a":1} ', []],
  ['header counts into the next frame', '0040{"a":1}0007{"b":2}', [{ a: 1 }, { b: 2 }]],
  ['header counts into nonsense', '0040{"a":1}x', [{ a: 1 }, 'not_a_frame']],
  ['four-byte characters counted as one', '0009{"a":"\u{1f600}"}{}', [{ a: '\u{1f600}' }, {}]],

  ['HTTP', 'POST / HTTP/1.1\r\n\r\n0002{}', ['not_a_frame']],
  ['TLS', Buffer.from('1603010200', 'hex'), ['not_a_frame']],
  ['white space first', '\n0002{}', ['not_a_frame']],
  ['nonsense after a frame', '0002{}GET 0002{}', [{}, 'not_a_frame']],
  ['three digits, then no object', '003abc0002{}', ['not_a_frame']],
  ['five digits, then no object', '00003abc0002{}', ['not_a_frame']],
  ['three digits, white space, no object', '003 ab0002{}', ['not_a_frame']],
  ['a zero, then no object', '000x', ['not_a_frame']],
  ['a large number, then no object', '99999x', ['not_a_frame']],
  ['eight digits', '00000002{}', ['not_a_frame']],
  ['minus', '-001{}', ['not_a_frame']],

  ['a list as body', '0005[1,2]0002{}', ['malformed_json', {}]],
  ['a text as body', '0005hello0002{}', ['malformed_json', {}]],
  ['a number after white space', '0003 420002{}', ['malformed_json', {}]],
  ['a null as body', '0004null0002{}', ['malformed_json', {}]],
  ['nothing but white space', '0003   0002{}', ['malformed_json', {}]],
  ['broken JSON of the right length', '0007{"a":x}0002{}', ['malformed_json', {}]],
  ['a brace too many, counted', '0003{}}0002{}', [{}, 'not_a_frame']],
  ['broken JSON that ends early', '0009{"a"}}}}}0002{}', ['malformed_json', {}]],
  ['a brace too few, counted', '0006{"a":10002{}', ['malformed_json', {}]],
  ['a quote too few, counted', '0007{"a:1}}0002{}', ['malformed_json', {}]],
  ['not ASCII, not an object in time', '0006{"é":1]]}', ['malformed_json!']],
  ['not ASCII, broken JSON', '0008{"é":x}0002{}', ['malformed_json!']],
  ['not ASCII, no object', '0003é!0002{}', ['malformed_json!']],
  ['invalid UTF-8', Buffer.from('0009{"a":"\xff"}0002{}', 'latin1'), ['malformed_json!']],
  ['invalid UTF-8, no header', Buffer.from('{"a":"\xc3("}{}', 'latin1'), ['malformed_json!']],
  ['broken UTF-8 as long as counted', Buffer.from('0004{"\xc3\xc3\xc3', 'latin1'), ['malformed_json!']],
  ['overlong UTF-8', Buffer.from('{"a":"\xc0\x80"}{}', 'latin1'), ['malformed_json!']],
  ['no header, broken JSON', '{a}{}', ['malformed_json!']],
  ['a header of zero', '0000{}', ['malformed_json!']],
  ['a BOM', '0005\ufeff{}', ['malformed_json!']],
  ['JSON that nests', `{"a":${'['.repeat(50)}${']'.repeat(50)}}`, ['frame_too_large!']],

  ['the largest frame', `0064${body(64)}{}`, [JSON.parse(body(64)), {}]],
  ['declared too large', `0065${body(65)}{}`, ['frame_too_large!']],
  ['declared far too large', '9999999{}', ['frame_too_large!']],
  ['the largest without a header', `${body(64)}{}`, [JSON.parse(body(64)), {}]],
  ['too large without a header', `${body(65)}{}`, ['frame_too_large!']],
  ['undercounted and too large', `0060{"a":"${'é'.repeat(40)}"}{}`, ['frame_too_large!']],
]

for (const [what, bytes, frames] of TABLE) {
  test(`the reader and ${what}`, () => {
    assert.deepEqual(read(bytes, SMALL), frames)
  })
}

test('a request is kept with the bytes of its header, without white space around it', () => {
  const { frames } = readChunks([Buffer.from('0007{"a":1}\n099{"b":2} {"c":3}')])
  assert.deepEqual(
    frames.map((frame) => frame.kind === 'object' && frame.raw.toString()),
    ['0007{"a":1}', '099{"b":2}', '{"c":3}'],
  )
})

test('the reader says when it is within a frame, and when it reads nothing more', () => {
  const reader = new FrameReader(SMALL)
  const states: unknown[] = []
  for (const chunk of ['', '0', '0', '07', ' ', '{"a":', '}', '0002{}', 'x', '0002{}']) {
    reader.push(Buffer.from(chunk))
    takeAll(reader)
    states.push(reader.closed ? 'closed' : reader.midFrame)
  }
  assert.deepEqual(states, [false, true, true, true, true, true, false, false, 'closed', 'closed'])
})

test('a largest frame in single bytes takes time in proportion to its length', () => {
  const wire = Buffer.from(String(LIMITS.frame_bytes_max) + body(LIMITS.frame_bytes_max))
  const before = performance.now()
  const { frames } = readChunks(Array.from(wire, (_byte, i) => wire.subarray(i, i + 1)))
  assert.deepEqual(
    frames.map((frame) => frame.kind),
    ['object'],
  )
  // About 20 ms; looking again at all that is held, at each byte, takes half a minute.
  assert.ok(performance.now() - before < 3_000)
})

test('many small frames with headers that count too far take time in proportion to their length', () => {
  const wire = Buffer.from(`${LIMITS.frame_bytes_max}{}`.repeat(20_000) + '{}')
  const before = performance.now()
  assert.equal(readChunks([wire]).frames.length, 20_001)
  assert.ok(performance.now() - before < 3_000)
})

test('deeply nested JSON is read or refused, never fatal', () => {
  const depth = LIMITS.frame_bytes_max / 2 - 16
  assert.equal(readChunks([Buffer.from(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`)]).frames.length, 1)
  assert.deepEqual(read('{"a":'.repeat(20_000) + '}'.repeat(20_000)), ['malformed_json!'])
})

test('a stream that is no frame is not kept', () => {
  const reader = new FrameReader(SMALL)
  const results: unknown[] = []
  for (let i = 0; i < 160; i += 1) {
    reader.push(Buffer.alloc(65_536, '{"a'))
    results.push(...takeAll(reader).map(brief))
  }
  assert.deepEqual(results, ['frame_too_large!'])
})

test('replies: ASCII, four digits, read back by every way of counting', () => {
  fc.assert(
    fc.property(anyObject, (data) => {
      const reply = { status: 'ok', data }
      const frame = encodeReply(reply, { long: false }, LIMITS)
      assert.ok(frame !== 'reply_too_large')
      const text = frame.toString('latin1')
      assert.match(text, /^\d{4}\{"status":"ok","data":[ -~]*\} *$/)
      assert.equal(Number(text.slice(0, 4)), frame.length - 4)
      assert.ok(!text.slice(4).includes(text.slice(0, 4)))
      assert.deepEqual(JSON.parse(text.slice(4)), JSON.parse(JSON.stringify(reply)))
      assert.deepEqual(read(frame), [JSON.parse(JSON.stringify(reply))])
    }),
    { numRuns: 500 },
  )
})

test('replies: the digits of the header do not occur in the body', () => {
  // The length is in the body, and so are the lengths that one and two spaces more would give.
  for (const [value, header] of [
    [{ a: '0013' }, '0012'],
    [{ a: '0015-0017' }, '0018'],
    [{ a: '0012' }, '0013'],
    [{ a: '0024 0025 0026 ' }, '0023'],
    [{ a: '0023 0024 0025 ' }, '0026'],
  ] as const) {
    const frame = encodeReply(value, { long: false }, LIMITS)
    assert.ok(frame !== 'reply_too_large')
    assert.equal(frame.toString('latin1', 0, 4), header)
    assert.equal(frame.length, 4 + Number(header))
    assert.ok(!frame.toString('latin1', 4).includes(header))
  }
})

test('replies: everything that is not ASCII is escaped', () => {
  const frame = encodeReply({ a: '\u007f\u0080é\u2028\u{1f600}\ud800' }, { long: false }, LIMITS)
  assert.equal(frame.toString('latin1'), '0050{"a":"\\u007f\\u0080\\u00e9\\u2028\\ud83d\\ude00\\ud800"}')
})

test('replies: too large for the wire', () => {
  const reply = (characters: number) => ({ a: 'x'.repeat(characters - 8) })
  for (const [characters, long, size] of [
    [9_999, false, 10_003],
    [10_000, false, undefined],
    [9_999, true, 10_003],
    [10_000, true, 10_005],
    [2_097_152, true, 2_097_159],
    [2_097_153, true, undefined],
  ] as const) {
    const frame = encodeReply(reply(characters), { long }, LIMITS)
    assert.equal(frame === 'reply_too_large' ? undefined : frame.length, size, `${characters} ${long}`)
  }
  // The space that keeps the digits out of the body would be the ten-thousandth character.
  assert.equal(encodeReply({ a: `9999${'x'.repeat(9_987)}` }, { long: false }, LIMITS), 'reply_too_large')
})

test('a long reply is read back by the library', () => {
  const reply = { status: 'ok', data: { id_token: 'x'.repeat(300_000) } }
  const frame = encodeReply(reply, { long: true }, LIMITS)
  assert.ok(frame !== 'reply_too_large')
  assert.deepEqual(read(frame, { frame_bytes_max: LIMITS.long_reply_characters_max }), [reply])
})

test('requests of the library', () => {
  assert.equal(encodeRequest({ a: 'é' }).toString('latin1'), '0014{"a":"\\u00e9"}')
  const large = { a: 'x'.repeat(100_000) }
  assert.deepEqual(read(encodeRequest(large)), [large])
})
