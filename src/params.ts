// Parameters as old clients really send them, made into what a command declares.
//
// Java, C# and PHP send every field, mostly null; Go sends empty strings; Python sends single values as lists; a number
// may come as a string. None of that is an error: null and empty mean "absent", and a value of the neighbouring JSON
// type is taken for what it means. What is of no use all the same is refused by its name.
import { z } from 'zod'
import { OxdError } from './error.ts'
import type { FieldMeta } from './fields.ts'
import { isObject } from './is_object.ts'
import { LIMITS } from './limits.ts'

type Schema = z.core.$ZodType
export type Shape = Readonly<Record<string, Schema>>

const unwrapped = (schema: Schema): Schema =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? unwrapped(schema.unwrap()) : schema

/** What fields.ts says of a field, whether or not a command made it optional. */
export const metaOf = (schema: Schema): FieldMeta => {
  const meta = z.globalRegistry.get(schema)
  if (meta === undefined && unwrapped(schema) !== schema) return metaOf(unwrapped(schema))
  // Every schema of a command comes from fields.ts, which gives each a FieldMeta.
  return meta as unknown as FieldMeta
}

export const isOptional = (schema: Schema): boolean => schema instanceof z.ZodOptional

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
const isBlank = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'string' && value.trim() === '')

const asText = (value: unknown): unknown => {
  const single = Array.isArray(value) && value.length === 1 ? value[0] : value
  return isScalar(single) ? String(single) : single
}
const asList = (value: unknown): unknown => {
  const list = isScalar(value) ? [value] : value
  return Array.isArray(list)
    ? list.filter((item) => !isBlank(item)).map((item) => (isScalar(item) ? String(item).trim() : item))
    : list
}
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])
const asFlag = (value: unknown): unknown =>
  isScalar(value) ? (FLAGS.get(String(value).toLowerCase()) ?? value) : value
const asNumber = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value
const asMap = (value: unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([, item]) => !isBlank(item))
          .map(([name, item]) => [name, asText(item)]),
      )
    : value

const LIBERAL: readonly {
  readonly is: (schema: Schema) => boolean
  readonly take: (value: unknown) => unknown
}[] = [
  { is: (schema) => schema instanceof z.ZodString || schema instanceof z.ZodEnum, take: asText },
  { is: (schema) => schema instanceof z.ZodArray, take: asList },
  { is: (schema) => schema instanceof z.ZodBoolean, take: asFlag },
  { is: (schema) => schema instanceof z.ZodNumber, take: asNumber },
  { is: (schema) => schema instanceof z.ZodRecord, take: asMap },
]

const isEmpty = (value: unknown): boolean =>
  isBlank(value) ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

const taken = (schema: Schema, value: unknown): unknown => {
  const bare = unwrapped(schema)
  const known = LIBERAL.find(({ is }) => is(bare))
  const result = known === undefined ? value : known.take(value)
  return isEmpty(result) ? undefined : result
}

/** What no parameter may be, wherever in it. */
const UNUSABLE = {
  too_deep: 'is nested too deeply',
  // RFC 7493 section 2.1: half of a surrogate pair stands for no character, and nobody could send it on.
  ill_formed: 'holds half a character',
  too_many: `has more than ${LIMITS.param_items_max} items or members in one list or object`,
  // Readers of objects leave it out, or make it what it is not.
  reserved: 'has a member of the name __proto__',
} as const

/** Why a value from a caller is none, whatever it is meant for. */
export const unusable = (
  value: unknown,
  depth: number = LIMITS.json_depth_max,
): keyof typeof UNUSABLE | undefined => {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'ill_formed'
  if (typeof value !== 'object' || value === null) return undefined
  // Whoever follows it to its end would run out of stack.
  if (depth === 0) return 'too_deep'
  const entries = Object.entries(value)
  if (entries.length > LIMITS.param_items_max) return 'too_many'
  for (const [name, item] of entries) {
    const problem = name === '__proto__' ? 'reserved' : (unusable(name) ?? unusable(item, depth - 1))
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A name that the caller chose is repeated up to here. */
const ITEM_NAME_MAX = 40

/** Of a union, what is wrong with the branch whose type is the right one, if there is any. */
const within = (issue: z.core.$ZodIssue): z.core.$ZodIssue => {
  if (issue.code !== 'invalid_union') return issue
  const found = issue.errors
    .map(([first]) => first)
    .find((first) => first !== undefined && (first.code !== 'invalid_type' || first.path.length > 0))
  return found === undefined ? issue : { ...found, path: [...issue.path, ...found.path] }
}

const refused = (
  shape: Shape,
  params: Readonly<Record<string, unknown>>,
  found: z.core.$ZodIssue,
): OxdError => {
  const issue = within(found)
  const name = String(issue.path[0])
  const schema = shape[name]
  const meta = schema === undefined ? undefined : metaOf(schema)
  if (params[name] === undefined) {
    return new OxdError(meta?.missing ?? 'missing_parameter', {
      what: `${name} is missing.`,
      details: { parameter: name },
    })
  }
  const wrongType =
    issue.code === 'invalid_type' ||
    issue.code === 'invalid_union' ||
    // The values of every enum are texts.
    (issue.code === 'invalid_value' && typeof params[name] !== 'string')
  const position = issue.path.length > 1 ? ` (item ${String(issue.path[1]).slice(0, ITEM_NAME_MAX)})` : ''
  return new OxdError(wrongType ? 'malformed_params' : (meta?.invalid ?? 'malformed_params'), {
    what: `${name}${position}: ${REASONS[issue.code]?.(issue) ?? issue.message}.`,
    details: { parameter: name },
  })
}

// In our words, since a library's may repeat the value, which may be a secret.
const REASONS: Readonly<Record<string, (issue: z.core.$ZodIssue) => string>> = {
  invalid_type: (issue) => {
    const type = 'expected' in issue ? String(issue.expected) : 'different type'
    return `must be ${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
  },
  invalid_union: () => 'has the wrong type',
  invalid_value: (issue) => `must be one of ${'values' in issue ? issue.values.join(', ') : ''}`,
  too_big: (issue) => `is too long (at most ${'maximum' in issue ? String(issue.maximum) : ''})`,
  too_small: (issue) => `is too short (at least ${'minimum' in issue ? String(issue.minimum) : ''})`,
}

/** zod compiles a parser for each object that it is given: once for each command, not once for each request. */
const objects = new WeakMap<Shape, z.ZodObject>()
const objectOf = (shape: Shape): z.ZodObject => {
  const known = objects.get(shape) ?? z.object(shape)
  objects.set(shape, known)
  return known
}

/**
 * The parameters that a command declares, out of whatever a caller sent; others are ignored.
 * @throws OxdError with the code of the first field that is missing or malformed, and its name
 */
export const readParams = (
  shape: Shape,
  sent: Readonly<Record<string, unknown>>,
): Record<string, unknown> => {
  for (const [name, schema] of Object.entries(shape)) {
    const problem = Object.hasOwn(sent, name) ? unusable(sent[name]) : undefined
    if (problem === undefined) continue
    const invalid = problem === 'ill_formed' || problem === 'too_many' ? metaOf(schema).invalid : undefined
    throw new OxdError(invalid ?? 'malformed_params', {
      what: `${name}: ${UNUSABLE[problem]}.`,
      details: { parameter: name },
    })
  }
  const params = Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [
      name,
      Object.hasOwn(sent, name) ? taken(schema, sent[name]) : undefined,
    ]),
  )
  const result = objectOf(shape).safeParse(params)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw issue === undefined ? new OxdError('malformed_params') : refused(shape, params, issue)
}
