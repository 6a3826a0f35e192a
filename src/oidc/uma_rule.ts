// Scope expressions: a JsonLogic rule over the scopes of a resource, as `{"and": [{"var": 0}, {"var": 1}]}` over two.
//
// A rule is a boolean expression and no program: a handful of operators, no variable but "has the RPT the n-th scope?",
// bounded in size and depth, interpreted, never compiled into code.
// @see https://jsonlogic.com/operations.html
import { LogicEngine, defaultMethods } from 'json-logic-engine'
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'

export interface ScopeExpression {
  /** JsonLogic; its variables are positions in `data`. */
  readonly rule: unknown
  readonly data: readonly string[]
}

const OPERATORS = [
  'and',
  'or',
  '!',
  '!!',
  'if',
  '?:',
  '==',
  '===',
  '!=',
  '!==',
  '<',
  '<=',
  '>',
  '>=',
  '+',
  'var',
]
const KNOWN: ReadonlySet<string> = new Set(OPERATORS)
const METHODS: Readonly<Record<string, unknown>> = defaultMethods

const engine = new LogicEngine(
  Object.fromEntries(OPERATORS.map((operator) => [operator, METHODS[operator]])),
  // A rule is read from the store each time, so that what the engine would prepare for the next time is of no use.
  { disableInline: true, disableInterpretedOptimization: true, maxDepth: LIMITS.uma_rule_depth_max },
)

const SHAPE = z.object({
  rule: z.unknown(),
  data: z.array(z.string().min(1).max(LIMITS.text_characters_max)).min(1).max(LIMITS.list_items_max),
})

const refuse = (what: string): OxdError => new OxdError('invalid_scope_expression', { what })

/** What stands where a scope is named: `0`, `"0"`, or one of them in a list. */
const positionOf = (operand: unknown): number => {
  const single: unknown = Array.isArray(operand) && operand.length === 1 ? operand[0] : operand
  return typeof single === 'number' || (typeof single === 'string' && /^\d{1,4}$/.test(single))
    ? Number(single)
    : Number.NaN
}

/** Refuses what is no boolean expression over `scopes` variables. */
const check = (rule: unknown, scopes: number): void => {
  let nodes = 0
  const walk = (node: unknown, depth: number): void => {
    nodes += 1
    if (nodes > LIMITS.uma_rule_nodes_max) {
      throw refuse(`The rule has more than ${LIMITS.uma_rule_nodes_max} parts.`)
    }
    if (depth > LIMITS.uma_rule_depth_max) {
      throw refuse(`The rule is deeper than ${LIMITS.uma_rule_depth_max}.`)
    }
    if (Array.isArray(node)) {
      for (const item of node) walk(item, depth + 1)
      return
    }
    // JSON has no word for it: a rule that was stored would say something else.
    if (node === Infinity || node === -Infinity) throw refuse('A number of the rule is too large.')
    if (typeof node !== 'object' || node === null) return
    const [entry, ...others] = Object.entries(node)
    if (entry === undefined || others.length > 0 || !KNOWN.has(entry[0])) {
      throw refuse(`Each part of the rule has one operator of ${OPERATORS.join(' ')}.`)
    }
    const [operator, operand] = entry
    if (operator !== 'var') return walk(operand, depth + 1)
    const position = positionOf(operand)
    if (!Number.isInteger(position) || position < 0 || position >= scopes) {
      throw refuse('Each var of the rule is the position of a scope in data, from 0 on.')
    }
  }
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) {
    throw refuse('The rule must be an object.')
  }
  walk(rule, 0)
}

/**
 * A scope expression out of what a caller sent.
 * @throws OxdError invalid_scope_expression
 */
export const readExpression = (value: unknown): ScopeExpression => {
  const shape = SHAPE.safeParse(value)
  if (!shape.success) throw refuse('It has a rule, and data: a list of scopes.')
  const { rule, data } = shape.data
  check(rule, data.length)
  for (const held of [true, false]) {
    try {
      engine.run(
        rule,
        data.map(() => held),
      )
    } catch {
      throw refuse('The rule cannot be evaluated: an operator has operands that it does not take.')
    }
  }
  return { rule, data }
}

/** A scope expression out of its JSON text. @throws OxdError invalid_scope_expression */
export const parseExpression = (text: string): ScopeExpression => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('It is not JSON.')
  }
  return readExpression(value)
}

/** Is the rule true of somebody who holds these scopes? What cannot be evaluated is not. */
export const isSatisfied = ({ rule, data }: ScopeExpression, held: ReadonlySet<string>): boolean => {
  try {
    return Boolean(
      engine.truthy(
        engine.run(
          rule,
          data.map((scope) => held.has(scope)),
        ),
      ),
    )
  } catch {
    return false
  }
}
