// What a UMA resource server protects: built step by step, so that a slip shows where it is made and not at the daemon.

/** The rule by which scopes open a resource: JsonLogic over the places of `data`, such as `{ and: [{ var: 0 }, { var: 1 }] }`. */
export interface ScopeExpression {
  readonly rule: Readonly<Record<string, unknown>>
  /** The scopes, which `{ var: 0 }` and so on name. */
  readonly data: readonly string[]
}

interface Condition {
  httpMethods: string[]
  scopes?: string[]
  scope_expression?: { rule: Record<string, unknown>; data: string[] }
}

/** As `uma_rs_protect` takes it. */
export interface Resource {
  path: string
  conditions: Condition[]
}

const METHOD = /^[A-Z]+$/

/**
 * The `resources` of {@link Client.umaRsProtect}.
 *
 * ```ts
 * const resources = new ResourceSet()
 *   .add('/photos')
 *   .scope('GET', 'https://photos.example.com/view')
 *   .expression(['PUT', 'POST'], { rule: { or: [{ var: 0 }, { var: 1 }] }, data: [ADD, ALL] })
 *   .add('/albums')
 *   .scope('GET', 'https://photos.example.com/view')
 *   .resources
 * ```
 *
 * A path or a method that is given twice, and whatever cannot mean anything, is an error at once.
 */
export class ResourceSet {
  readonly #conditions = new Map<string, Condition[]>()
  #path: string | undefined

  /** Begins the resource at this path; what follows belongs to it. @throws RangeError if it is there already */
  add(path: string): this {
    if (!path.startsWith('/'))
      throw new RangeError(`${JSON.stringify(path)} is no path: it must begin with /`)
    if (this.#conditions.has(path)) throw new RangeError(`${path} was added before`)
    this.#conditions.set(path, [])
    this.#path = path
    return this
  }

  /** Who has one of these scopes may use these methods. @throws RangeError for a method that has its rule already */
  scope(methods: string | readonly string[], ...scopes: readonly string[]): this {
    if (scopes.length === 0) throw new RangeError(`${this.#here()}: give at least one scope`)
    return this.#push(methods, { scopes: [...scopes] })
  }

  /** Whose scopes fulfil the rule may use these methods. @throws RangeError for a method that has its rule already */
  expression(methods: string | readonly string[], { rule, data }: ScopeExpression): this {
    if (data.length === 0) throw new RangeError(`${this.#here()}: the data of the rule holds no scope`)
    return this.#push(methods, { scope_expression: { rule: { ...rule }, data: [...data] } })
  }

  /** What was built, as `uma_rs_protect` takes it. @throws RangeError for a path without any rule */
  get resources(): Resource[] {
    return [...this.#conditions].map(([path, conditions]) => {
      if (conditions.length === 0)
        throw new RangeError(`${path} has no rule: call scope() or expression() after add()`)
      return { path, conditions: [...conditions] }
    })
  }

  /** So that `JSON.stringify` and the wire see what was built. */
  toJSON(): Resource[] {
    return this.resources
  }

  #here(): string {
    if (this.#path === undefined) throw new RangeError('call add(path) first')
    return this.#path
  }

  #push(methods: string | readonly string[], rule: Omit<Condition, 'httpMethods'>): this {
    const path = this.#here()
    const httpMethods = typeof methods === 'string' ? [methods] : [...methods]
    const conditions = this.#conditions.get(path) ?? []
    const taken = new Set(conditions.flatMap((condition) => condition.httpMethods))
    if (httpMethods.length === 0) throw new RangeError(`${path}: give at least one method`)
    for (const method of httpMethods) {
      if (!METHOD.test(method)) {
        throw new RangeError(`${path}: ${JSON.stringify(method)} is no method: write it as in GET`)
      }
      if (taken.has(method)) throw new RangeError(`${path}: ${method} has its rule already`)
      taken.add(method)
    }
    conditions.push({ httpMethods, ...rule })
    return this
  }
}
