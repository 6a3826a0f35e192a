// What may be wrong with a parameter, made of its definition: type, absence, length, hostile text, names of prototypes.
import { z } from 'zod'
import { fields, type FieldMeta } from '../src/fields.ts'
import type { AnyCommand } from '../src/command.ts'
import { isOptional, metaOf } from '../src/params.ts'

/** Stands in every bad value; no reply and no log line may repeat it. */
export const MARK = 'never-to-be-repeated'

/** A member of a value with this text is sent as lists within each other, as many as a request can hold. */
export const ABYSS = 'lists within lists'

/**
 * What must come of a bad value.
 * - `absent`: the same as without the parameter, which is an error where it is required.
 * - `wrong_type`: `malformed_params`.
 * - `no_use`: the code that the field declares as `invalid`, else `malformed_params`.
 * - `any`: the definition allows it. It may be refused later, or do, but it must do no harm.
 */
export type Fate = 'absent' | 'wrong_type' | 'no_use' | 'any'

export interface Bad {
  readonly what: string
  /** `LEFT_OUT`: the parameter is not even null. */
  readonly value: unknown
  readonly fate: Fate
}
export const LEFT_OUT = Symbol('left out')

/** As much of a JSON Schema as the definitions use. */
interface JsonSchema {
  readonly type?: string
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly propertyNames?: JsonSchema
  readonly additionalProperties?: JsonSchema | boolean
}

type Schema = AnyCommand['params'][string]

export interface Parameter {
  readonly name: string
  readonly meta: FieldMeta
  readonly required: boolean
  readonly bad: readonly Bad[]
}

const longText = (length: number): string => MARK.padEnd(length, 'x')
const manyOf = (count: number, item: (index: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, index) => item(index))
/** Good in a list of texts and in one of URLs. */
const goodItem = (index: number): string => `https://client.example.com/${MARK}/${index}`

const OBJECT = { member: MARK }
/** As JSON has it: an own member of this name. */
const withMember = (name: string, value: unknown): unknown =>
  JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`)
/** Merged into another object as it is, it would change every object of the program. */
const POLLUTING = {
  ...Object(withMember('__proto__', { polluted: MARK })),
  constructor: { prototype: { polluted: MARK } },
  toString: MARK,
}
const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'toString']

const HOSTILE: Readonly<Record<string, string>> = {
  'a lone surrogate': `${MARK}\ud800`,
  'the other half of a surrogate pair': `${MARK}\udc00`,
  'control characters': `${MARK}\0\r\nx-injected: 1`,
  'characters that are not what they look like': `${MARK}\u202e\u2028\u{1f480}`,
  ...Object.fromEntries(PROTOTYPE_NAMES.map((name) => [name, name])),
}

type Kind = 'text' | 'list' | 'flag' | 'number' | 'map' | 'objects' | 'either'

const kindOf = ({ type, anyOf, items, additionalProperties }: JsonSchema): Kind => {
  if (anyOf !== undefined) return 'either'
  if (type === 'string') return 'text'
  if (type === 'boolean') return 'flag'
  if (type === 'number' || type === 'integer') return 'number'
  if (type === 'array') return items?.type === 'string' ? 'list' : 'objects'
  if (type === 'object' && additionalProperties !== undefined) return 'map'
  throw new Error(`The table of bad input knows no parameters of type ${type}.`)
}

/** Of the wrong type even for a reader who takes a number for a text, a single value for a list and the like. */
const WRONG_TYPES: Readonly<Record<Kind, Readonly<Record<string, unknown>>>> = {
  text: { 'two texts': [MARK, MARK], 'a list in a list': [[MARK]], 'an object in a list': [OBJECT] },
  list: { 'a list in a list': [[MARK]], 'an object in a list': [goodItem(0), OBJECT] },
  flag: { 'a text': MARK, 'a number': 2, 'a list': [true, false] },
  number: { 'a text': MARK, 'half a number': 1.5, 'a boolean': true, 'a list': [1, 2] },
  map: {
    'a text': MARK,
    'a number': 7,
    'a list': [MARK, MARK],
    'an object in it': { member: OBJECT },
    'a list in it': { member: [MARK, MARK] },
    'an abyss in it': { member: ABYSS },
  },
  objects: { 'a text': MARK, 'a number': 7, 'a list in a list': [[MARK]], 'a boolean in a list': [true] },
  either: { 'a boolean': true, 'two texts': [MARK, MARK] },
}

/** What clients send for "nothing". */
const BLANK: Readonly<Record<string, unknown>> = {
  null: null,
  'an empty text': '',
  'white space': ' \t\r\n ',
  'an empty list': [],
  'an empty object': {},
}
const BLANK_IN_LIST = { 'a list of null': [null], 'a list of empty texts': ['', ' '] }
const FURTHER_BLANK: Readonly<Partial<Record<Kind, Readonly<Record<string, unknown>>>>> = {
  text: { 'a list of null': [null] },
  list: BLANK_IN_LIST,
  objects: BLANK_IN_LIST,
  map: { 'an object of null': { member: null, other: '' } },
}

const bad = (fate: Fate, values: Readonly<Record<string, unknown>>): Bad[] =>
  Object.entries(values).map(([what, value]) => ({ what, value, fate }))

const tooLong = (kind: Kind, json: JsonSchema, example: unknown): Readonly<Record<string, unknown>> => {
  const { maxLength, minLength = 0, maxItems, maximum, minimum, items, propertyNames } = json
  const list = maxItems === undefined ? {} : { 'too many items': manyOf(maxItems + 1, goodItem) }
  switch (kind) {
    case 'text':
      return {
        ...(maxLength === undefined ? {} : { 'too long': longText(maxLength + 1) }),
        ...(minLength > MARK.length ? { 'too short': MARK } : {}),
        ...(json.enum === undefined ? {} : { 'not one of them': MARK }),
      }
    case 'list':
      return { ...list, 'an item too long': [longText((items?.maxLength ?? 0) + 1)] }
    case 'objects':
      return maxItems === undefined ? {} : { 'too many items': manyOf(maxItems + 1, () => example) }
    case 'number':
      return { 'too large': (maximum ?? 0) + 1, 'too small': (minimum ?? 0) - 1 }
    case 'map': {
      const member = json.additionalProperties
      const length = typeof member === 'object' ? (member.maxLength ?? 0) : 0
      return {
        'a value too long': { member: longText(length + 1) },
        'a name too long': { ['n'.repeat((propertyNames?.maxLength ?? 0) + 1)]: MARK },
      }
    }
    case 'either': {
      const text = json.anyOf?.find(({ type }) => type === 'string')
      return text?.maxLength === undefined ? {} : { 'too long': longText(text.maxLength + 1) }
    }
    default:
      return {}
  }
}

const STRICT_TYPES: Readonly<Record<string, unknown>> = {
  'a number': 7.5,
  'a boolean': true,
  'a text': MARK,
  'an object': OBJECT,
  'a list': [OBJECT],
  'an abyss': ABYSS,
}
/** Those of them that are good, or wrong only in what is in them, for a type of JSON Schema. */
const FITTING: Readonly<Record<string, readonly string[]>> = {
  number: ['a number'],
  boolean: ['a boolean'],
  string: ['a text'],
  object: ['an object'],
  array: ['a list'],
}

/** What may be wrong with a value inside another, where nothing is taken for what it is not; `good` is a value that is right. */
const wrongInside = (json: JsonSchema, good: unknown): Bad[] => {
  const { type, anyOf, items, properties = {}, required = [], maxItems, minItems = 0 } = json
  if (anyOf !== undefined) {
    const [branch] = anyOf.filter((one) => one.type !== 'null')
    return branch === undefined ? [] : wrongInside(branch, good)
  }
  if (type === undefined) return bad('wrong_type', { 'an abyss': ABYSS })
  const fitting = FITTING[type] ?? []
  const within = (where: string, wrongs: readonly Bad[], put: (value: unknown) => unknown): Bad[] =>
    wrongs.map(({ what, value, fate }) => ({ what: `${where}: ${what}`, value: put(value), fate }))
  const members: Readonly<Record<string, unknown>> =
    typeof good === 'object' && good !== null ? { ...good } : {}
  const list: readonly unknown[] = Array.isArray(good) ? good : []
  return [
    ...bad(
      'wrong_type',
      Object.fromEntries(Object.entries(STRICT_TYPES).filter(([what]) => !fitting.includes(what))),
    ),
    ...bad('no_use', {
      ...(json.maxLength === undefined ? {} : { 'too long': longText(json.maxLength + 1) }),
      ...(json.minLength === undefined ? {} : { empty: '' }),
      ...(json.pattern === undefined ? {} : { 'of other characters': `${MARK}\u202e` }),
      ...(json.minimum === undefined ? {} : { 'too small': json.minimum - 1 }),
      ...(maxItems === undefined
        ? {}
        : { 'too many items': manyOf(maxItems + 1, (index) => list[0] ?? goodItem(index)) }),
      ...(minItems > 0 ? { 'no items': [] } : {}),
    }),
    ...required.map((name): Bad => {
      const { [name]: _, ...rest } = members
      return { what: `without ${name}`, value: { ...rest, other: MARK }, fate: 'wrong_type' }
    }),
    ...Object.entries(properties).flatMap(([name, inner]) =>
      within(name, wrongInside(inner, members[name]), (value) => ({ ...members, [name]: value })),
    ),
    ...(typeof json.additionalProperties === 'object'
      ? within('a member', wrongInside(json.additionalProperties, MARK), (member) => ({ ...members, member }))
      : []),
    ...(items === undefined ? [] : within('item', wrongInside(items, list[0]), (value) => [value])),
  ]
}

/** A JWK Set, the one object among the parameters that has no example. */
const KEY_SET = { keys: [{ kty: 'RSA', n: MARK, e: 'AQAB' }] }

const insides = (kind: Kind, json: JsonSchema, example: unknown): Bad[] => {
  if (kind === 'objects' && json.items !== undefined) {
    return wrongInside(json.items, example).map((one) => ({ ...one, value: [one.value] }))
  }
  const object = json.anyOf?.find(({ type }) => type === 'object')
  return object === undefined
    ? []
    : wrongInside(object, KEY_SET).filter(({ value }) => typeof value === 'object')
}

/** Where a text may stand in a value of this kind. */
const PLACES: Readonly<Partial<Record<Kind, (text: string, example: unknown) => unknown>>> = {
  text: (text) => text,
  list: (text) => [text],
  map: (text) => ({ member: text }),
  either: (text) => text,
  objects: (text, example) => [{ ...Object(example), path: text }],
}

const hostile = (kind: Kind, schema: Schema, example: unknown, prefix: string): Bad[] => {
  const place = PLACES[kind]
  const allowed = (value: unknown, otherwise: Fate): Fate =>
    z.safeParse(schema, value).success ? 'any' : otherwise
  const texts = Object.entries(HOSTILE).map(([what, text]): Bad => {
    const value = place === undefined ? text : place(prefix + text, example)
    // Half a character is none, whatever the field.
    if (!text.isWellFormed()) return { what, value, fate: 'no_use' }
    return { what, value, fate: place === undefined ? 'wrong_type' : allowed(value, 'no_use') }
  })
  if (kind !== 'map') {
    const objects = { 'an object': OBJECT, 'names of prototypes': POLLUTING }
    return [
      ...texts,
      ...Object.entries(objects).map(([what, value]): Bad => ({
        what,
        value,
        fate: allowed(value, 'wrong_type'),
      })),
    ]
  }
  const members = PROTOTYPE_NAMES.map((name): Bad => {
    return {
      what: `the member ${name}`,
      value: withMember(name, MARK),
      fate: name === '__proto__' ? 'wrong_type' : 'any',
    }
  })
  return [
    ...texts,
    ...members,
    ...bad('wrong_type', { '__proto__ with a member': withMember('__proto__', { polluted: MARK }) }),
    ...bad('no_use', { 'half a character in a name': { 'member\ud800': MARK } }),
  ]
}

const badValues = (schema: Schema, prefix: string): Bad[] => {
  // What zod writes is a JSON Schema, and those of the parameters use no more than the members above; else kindOf throws.
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  const kind = kindOf(json)
  const { example: examples } = metaOf(schema)
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined
  return [
    ...bad('absent', {
      ...(isOptional(schema) ? {} : { 'left out': LEFT_OUT }),
      ...BLANK,
      ...FURTHER_BLANK[kind],
    }),
    ...bad('wrong_type', WRONG_TYPES[kind]),
    ...bad('wrong_type', { 'an abyss': ABYSS }),
    ...bad('no_use', tooLong(kind, json, example)),
    ...insides(kind, json, example),
    ...hostile(kind, schema, example, prefix),
  ]
}

/**
 * Every parameter of a command, and everything that may be wrong with it.
 * @param prefixes of hostile texts, by the names of parameters
 */
export const parametersOf = (
  { params }: AnyCommand,
  prefixes: Readonly<Record<string, string>> = {},
): readonly Parameter[] =>
  // Every command takes a token, too: the transports read it.
  Object.entries({ ...params, protection_access_token: fields.protection_access_token.optional() }).map(
    ([name, schema]) => ({
      name,
      meta: metaOf(schema),
      required: !isOptional(schema),
      bad: badValues(schema, prefixes[name] ?? ''),
    }),
  )
