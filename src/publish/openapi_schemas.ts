// JSON Schemas of parameters and replies, as each dialect has them, out of the fields of the definitions.
import { z } from 'zod'
import type { AnyCommand } from '../command.ts'
import { isOptional, metaOf, type Shape } from '../params.ts'

export type Json = Readonly<Record<string, unknown>>
type Field = Shape[string]

/** Only what fields.ts says of a field is taken, in words of JSON Schema; whether it is secret, for one, is ours. */
const NO_META = z.registry<object>()

/** The bounds of every integer that JavaScript can count say nothing. */
const isBoundOfAll = (bound: unknown): boolean => Math.abs(Number(bound)) === Number.MAX_SAFE_INTEGER

const typeOf = (schema: Field): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    metadata: NO_META,
    override: ({ jsonSchema }) => {
      if (isBoundOfAll(jsonSchema.minimum)) delete jsonSchema.minimum
      if (isBoundOfAll(jsonSchema.maximum)) delete jsonSchema.maximum
    },
  })
  return json
}

const described = (schema: Field, type: Json): Json => {
  const { description, example } = metaOf(schema)
  return { ...type, description, ...(example === undefined ? {} : { examples: [example] }) }
}

/** A field by itself. */
export const fieldSchema = (schema: Field): Json => described(schema, typeOf(schema))

const isNullable = (schema: Field): boolean =>
  schema instanceof z.ZodNullable || (schema instanceof z.ZodOptional && isNullable(schema.unwrap()))
const withoutNull = (schema: Field): Field =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? withoutNull(schema.unwrap()) : schema

const object = (properties: Json, required: readonly string[]): Json => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
})

const namesWhere = (shape: Shape, holds: (schema: Field) => boolean): readonly string[] =>
  Object.entries(shape)
    .filter(([, schema]) => holds(schema))
    .map(([name]) => name)

/** The parameters of a command; others are ignored. */
export const paramsSchema = ({ params }: AnyCommand): Json =>
  object(
    Object.fromEntries(Object.entries(params).map(([name, schema]) => [name, fieldSchema(schema)])),
    namesWhere(params, (schema) => !isOptional(schema)),
  )

const LISTS_OF_STRINGS = {
  type: 'object',
  additionalProperties: { type: 'array', items: { type: 'string' } },
}

/** On the 3.x wire claims are lists of strings, and lists of words one text; nothing is left out, but may be null. */
const schema3x = (schema: Field): Json => {
  const { claims, words } = metaOf(schema)
  const type = claims ? LISTS_OF_STRINGS : words ? { type: 'string' } : typeOf(withoutNull(schema))
  const mayBeNull = isOptional(schema) || isNullable(schema)
  return described(schema, mayBeNull ? { anyOf: [type, { type: 'null' }] } : type)
}

const schema4x = (schema: Field): Json =>
  described(schema, metaOf(schema).claims === 'lists' ? LISTS_OF_STRINGS : typeOf(withoutNull(schema)))

/** What is empty is left out there, so nothing that may be empty can be counted on. */
const mayBeAbsent = (schema: Field): boolean => {
  const bare = withoutNull(schema)
  return (
    bare !== schema ||
    bare instanceof z.ZodArray ||
    bare instanceof z.ZodRecord ||
    bare instanceof z.ZodObject
  )
}

/** The reply to a command, without the envelope. */
export const REPLY_SCHEMAS: Readonly<Record<'v3' | 'v4', (command: AnyCommand) => Json>> = {
  v3: ({ result }) =>
    Object.keys(result).length === 0
      ? { type: 'null' }
      : object(
          Object.fromEntries(Object.entries(result).map(([name, schema]) => [name, schema3x(schema)])),
          namesWhere(result, (schema) => metaOf(schema).omitted !== true),
        ),
  v4: ({ result, v4, bare }) => {
    const shape = v4 ?? result
    const schema = bare === undefined ? undefined : shape[bare]
    if (schema !== undefined) return schema4x(schema)
    return object(
      Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, schema4x(field)])),
      namesWhere(shape, (field) => !mayBeAbsent(field)),
    )
  },
}
