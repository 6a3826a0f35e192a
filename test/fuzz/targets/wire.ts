// What callers send: frames, and JSON in them.
import assert from 'node:assert/strict'
import { LIMITS } from '../../../src/limits.ts'
import { parseJson } from '../../../src/oidc/json.ts'
import { encodeRequest, FrameReader, type Frame } from '../../../src/serve/frame.ts'
import { readBody } from '../../../src/serve/http_request.ts'
import { chanceFrom, hashOf } from '../../../src/testing/fuzz/chance.ts'
import { strictJson } from '../../../src/testing/fuzz/strict_json.ts'
import { assertUnpolluted, targets } from '../../../src/testing/fuzz/target.ts'
import { fewFrames } from '../few_frames.ts'

const framesOf = (chunks: readonly Uint8Array[]): readonly Frame[] => {
  const reader = new FrameReader(LIMITS)
  const frames: Frame[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
  }
  return frames
}

/** The input in pieces; which ones, the input itself decides, so that they are the same each time. */
const pieces = (input: Buffer): readonly Uint8Array[] => {
  const chance = chanceFrom(hashOf(input))
  const cut: Uint8Array[] = []
  for (let at = 0; at < input.length;) {
    const size = 1 + chance.int(chance.pick([1, 3, 20, 1_000, 50_000]))
    cut.push(input.subarray(at, at + size))
    at += size
  }
  return cut
}

const shape = (frame: Frame): unknown =>
  frame.kind === 'object' ? { ...frame, raw: frame.raw.toString('latin1') } : frame

export const TARGETS = targets({
  frame: {
    promise:
      'Any cut of the bytes gives the same frames; an object is what JSON.parse makes of its bytes; what oxd writes it reads.',
    about: ['serve/frame'],
    examples: [
      '0047{"command":"get_authorization_url","params":{}}',
      '47{"command":"get_authorization_url","params":{}} 0002{}',
      '00047{"command":"get_authorization_url","params":{}}',
      '{"a":"é\\u00e9}"}\n{"b":{}}',
      '0012 {"a":"ü"}  ',
      '0020{"a":"\\"}{"} trailing0004{}  ',
      '0005"abc"0002{}',
      'GET / HTTP/1.1\r\n\r\n',
      '9999999{}',
      '0000{}',
    ],
    open: () => ({
      run(bytes) {
        const input = fewFrames(bytes)
        const whole = framesOf([input])
        assert.deepEqual(
          framesOf(pieces(input)).map(shape),
          whole.map(shape),
          'another cut gives other frames',
        )
        for (const frame of whole) {
          if (frame.kind !== 'object') continue
          assert.ok(frame.raw.length <= LIMITS.frame_bytes_max + 7, 'a frame is larger than its bound')
          const body = frame.raw.subarray(frame.raw.indexOf('{'))
          assert.deepEqual(frame.value, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
          const [again] = framesOf([encodeRequest(frame.value)])
          if (again?.kind !== 'object')
            assert.ok(
              encodeRequest(frame.value).length > LIMITS.frame_bytes_max,
              'what oxd writes it does not read',
            )
          else assert.deepEqual(again.value, frame.value, 'what oxd writes it reads as something else')
        }
      },
    }),
  },
  json: {
    promise:
      'Takes exactly what a strict reader takes: JSON of RFC 8259, no member twice, no half of a character, no deeper than the bound; and gives the same value.',
    about: ['oidc/json', 'serve/http_request'],
    examples: [
      '{"a":[1,-0.5e+3,true,null,"\\u0041\\ud83d\\ude00"],"b":{"c":"d:,{}"}}',
      '{"a":1,"\\u0061":2}',
      '[{"a":1},{"a":{"a":{"a":[]}}}]',
      `${'['.repeat(64)}${']'.repeat(64)}`,
      `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`,
      '"a\\"b"',
      ' 12 ',
    ],
    open: () => ({
      run(input) {
        const text = input.toString()
        const strict = strictJson(text, LIMITS.json_depth_max, LIMITS.json_members_max)
        const value = parseJson(text)
        assert.equal(value !== undefined, strict, 'the strict reader sees it otherwise')
        if (value !== undefined) assert.deepEqual(value, JSON.parse(text))
        const body = readBody(input)
        assert.ok(body === undefined || (typeof body === 'object' && !Array.isArray(body)))
        assertUnpolluted()
      },
    }),
  },
})
