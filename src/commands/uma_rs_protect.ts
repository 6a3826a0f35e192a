// uma_rs_protect: the resources of a site are registered at its authorization server.
import type { z } from 'zod'
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import { isObject } from '../is_object.ts'
import { LIMITS } from '../limits.ts'
import type { As } from '../oidc/uma.ts'
import { createResource, deleteResource, takeBack } from '../oidc/uma_protection.ts'
import { readExpression } from '../oidc/uma_rule.ts'
import { describe, type Condition, type UmaResource } from '../uma.ts'

/** Registers what a site protects, and which scopes are needed for it, at its authorization server. */
export const uma_rs_protect = command({
  name: 'uma_rs_protect',
  since: '2.4',
  access: 'site',
  summary: 'Registers what a site protects, and which scopes are needed for it, at its authorization server.',
  repeatable: false,
  spec: [
    'https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#rfc.section.3.2.1',
    'https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#rfc.section.3.2.4',
  ],
  params: {
    oxd_id: fields.oxd_id,
    resources: fields.resources,
    overwrite: fields.overwrite.optional(),
  },
  result: { oxd_id: fields.oxd_id },
  more: {},
  errors: [
    'invalid_oxd_id',
    'invalid_uma_request',
    'http_method_not_unique',
    'invalid_scope_expression',
    'uma_protection_exists',
    'op_answer_malformed',
  ],
  examples: [
    {
      what: 'Whoever may view may GET; to PUT one needs two scopes.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        resources: [
          {
            path: '/photos',
            conditions: [
              { httpMethods: ['GET'], scopes: ['https://photos.example.com/view'] },
              {
                httpMethods: ['PUT'],
                scope_expression: {
                  rule: { and: [{ var: 0 }, { var: 1 }] },
                  data: ['https://photos.example.com/all', 'https://photos.example.com/add'],
                },
              },
            ],
          },
        ],
      },
      result: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff' },
    },
  ],
  async run({ resources, overwrite = false }, { site: { oxd_id }, sites, uma, world, fail }) {
    const wanted = conditionsOf(resources)
    return sites.inTurn(oxd_id, async () => {
      // Read again, since another change may have come before.
      const site = await sites.get(oxd_id)
      if (site === undefined) throw fail('invalid_oxd_id')
      const as = await uma.at(site)
      const before = await uma.resources(oxd_id)
      const log = (left: number): void => {
        if (left > 0) world.log('warn', 'resources stayed at the authorization server', { count: left })
      }

      let kept = before
      if (overwrite) {
        try {
          for (const { id } of before) {
            await deleteResource(as, id)
            kept = kept.filter((resource) => resource.id !== id)
          }
        } finally {
          // Also after a failure: oxd knows what is still there, no more and no less.
          await uma.keep(oxd_id, kept)
        }
      }
      const fresh = missing(as, kept, wanted)
      if (fresh === undefined) throw fail('uma_protection_exists')

      const registered: UmaResource[] = []
      try {
        for (const condition of fresh) {
          const id = await createResource(as, describe(condition))
          // Of two resources under one name a permission for one would open the other.
          if ([...kept, ...registered].some((known) => known.id === id)) {
            throw fail('op_answer_malformed', { what: 'The authorization server gave an id twice.' })
          }
          registered.push({ id, ...condition })
        }
        await uma.keep(oxd_id, [...kept, ...registered])
      } catch (error) {
        log(
          await takeBack(
            as,
            registered.map(({ id }) => id),
          ),
        )
        throw error
      }
      return { oxd_id }
    })
  },
})

/**
 * What is wanted and not there yet; undefined where something else is. Clients of oxd 3.0 protect the same again at each
 * start, and could not say `overwrite`; so with UMA 1 what is there stays as it is.
 */
const missing = (
  { metadata: { version } }: As,
  kept: readonly UmaResource[],
  wanted: readonly Condition[],
): readonly Condition[] | undefined => {
  if (kept.length === 0) return wanted
  if (version === 2) return undefined
  const known = new Set(kept.map(({ id: _, ...condition }) => canonical(condition)))
  const fresh = wanted.filter((condition) => !known.has(canonical(condition)))
  const taken = new Set(kept.flatMap(namesOf))
  if (fresh.some((condition) => namesOf(condition).some((name) => taken.has(name)))) return undefined
  // Whoever has more than that already may still say the same again.
  if (fresh.length === 0) return fresh
  const all = [...kept, ...fresh]
  if (all.length > LIMITS.uma_resources_max || isTooLarge(all)) throw tooMany()
  return fresh
}

/** The record of a site is read at each of its checks. */
const isTooLarge = (conditions: readonly Condition[]): boolean =>
  JSON.stringify(conditions).length > LIMITS.uma_resources_characters_max

const tooMany = (): OxdError =>
  new OxdError('invalid_uma_request', {
    what: `A site may have ${LIMITS.uma_resources_max} conditions, of ${LIMITS.uma_resources_characters_max} characters together.`,
  })

/** As it is written, its members in one order. */
const canonical = (condition: Condition): string =>
  JSON.stringify(condition, (_, value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  )

/** Method and path, neither of them in upper or lower case alone. */
const namesOf = ({ path, http_methods }: Condition): readonly string[] =>
  http_methods.map((method) => `${method.toUpperCase()} ${path.toLowerCase()}`)

type Resources = z.output<typeof fields.resources>

/** One for each condition, once it is clear that no path has a method twice. */
const conditionsOf = (resources: Resources): readonly Condition[] => {
  const all = resources.flatMap(({ path, conditions }) =>
    conditions.map((condition) => conditionOf(path, condition)),
  )
  if (all.length > LIMITS.uma_resources_max) throw tooMany()
  const seen = new Set<string>()
  for (const condition of all) {
    for (const name of namesOf(condition)) {
      if (seen.has(name))
        throw new OxdError('http_method_not_unique', { what: `It is ${name.split(' ', 1)[0]}.` })
      seen.add(name)
    }
  }
  return all
}

const conditionOf = (path: string, condition: Resources[number]['conditions'][number]): Condition => {
  const { httpMethods, scope_expression, iat, exp } = condition
  const scopes = condition.scopes ?? []
  const ticket_scopes = condition.ticketScopes ?? []
  const expression = scope_expression ? readExpression(scope_expression) : undefined
  if (scopes.length === 0 && expression === undefined) {
    throw new OxdError('invalid_uma_request', {
      what: 'A condition has neither scopes nor scope_expression.',
    })
  }
  const possible = new Set([...scopes, ...(expression?.data ?? [])])
  if (!ticket_scopes.every((scope) => possible.has(scope))) {
    throw new OxdError('invalid_uma_request', {
      what: 'ticketScopes has a scope that the condition does not have.',
    })
  }
  return {
    path,
    http_methods: httpMethods.map((method) => method.toUpperCase()),
    scopes,
    ticket_scopes,
    ...(expression === undefined ? {} : { scope_expression: expression }),
    ...(iat === null || iat === undefined ? {} : { iat }),
    ...(exp === null || exp === undefined ? {} : { exp }),
  }
}
