// What can go wrong on the way from an OP, at each endpoint that oxd asks: the answer is none, and is told so.
import type { ErrorCode } from '../../src/error.ts'
import type { Case, Drive } from '../../src/testing/cases/case.ts'
import type { FaultName } from '../../src/testing/faults/index.ts'

const [STATUS, MALFORMED, TOO_LARGE, TIMEOUT, UNREACHABLE] = [
  'op_http_status',
  'op_answer_malformed',
  'op_answer_too_large',
  'op_timeout',
  'op_unreachable',
] as const satisfies readonly ErrorCode[]

/** By the name of the fault behind that of the endpoint. */
const MET = {
  html: MALFORMED,
  empty: MALFORMED,
  no_content: STATUS,
  not_found: STATUS,
  server_error: STATUS,
  bad_gateway: STATUS,
  unavailable: STATUS,
  gateway_timeout: STATUS,
  too_many: STATUS,
  as_text: MALFORMED,
  as_html: MALFORMED,
  untyped: MALFORMED,
  hangs: TIMEOUT,
  drips_headers: TIMEOUT,
  drips: TIMEOUT,
  stalls: TIMEOUT,
  cut: MALFORMED,
  cut_chunk: MALFORMED,
  resets: UNREACHABLE,
  gzip_thrice: MALFORMED,
  unknown_coding: MALFORMED,
  false_gzip: MALFORMED,
  deep: MALFORMED,
  // Key sets may have half as many bytes.
  short_members: [MALFORMED, TOO_LARGE],
  colliding_members: [MALFORMED, TOO_LARGE],
  bom: MALFORMED,
  utf16: MALFORMED,
  not_utf8: MALFORMED,
  lone_surrogates: MALFORMED,
  not_json: MALFORMED,
  continue_flood: UNREACHABLE,
  http_09: MALFORMED,
  http_2: MALFORMED,
  header_flood: TOO_LARGE,
  two_lengths: MALFORMED,
} as const satisfies Readonly<Record<string, ErrorCode | readonly ErrorCode[]>>
type Met = keyof typeof MET
const HARMLESS = ['interim_flood', 'browser_headers', 'prototypes'] as const

type Asked = 'discovery' | 'registration' | 'token' | 'userinfo' | 'jwks'

/** @param code what all are known as at this endpoint; default: each by its own name */
export const onTheWay = (id: string, endpoint: Asked, drive: Drive, code?: ErrorCode): Case => ({
  id,
  title: `what can go wrong on the way from the endpoint ${endpoint}: asked once`,
  drive,
  refused: Object.fromEntries(
    // The names of the table.
    (Object.keys(MET) as Met[]).map((met): [FaultName, ErrorCode | readonly ErrorCode[]] => [
      `${endpoint}_${met}`,
      code ?? MET[met],
    ]),
  ),
  accepted: HARMLESS.map((name): FaultName => `${endpoint}_${name}`),
  requests: { [endpoint]: 1, attacker: 0 },
})
