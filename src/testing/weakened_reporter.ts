// A reporter for `node --test` that says in one line of JSON per test what the runner of weakened builds must know.

/** One test that ran, not a suite and not one that only failed through its subtests. */
export interface Ran {
  /** The names of the tests and suites around it and its own, with spaces between, as `--test-name-pattern` sees it. */
  readonly name: string
  readonly passed: boolean
  /** Why it failed, in the words of the test runner: `testCodeFailure`, `hookFailed` … */
  readonly kind?: string
  readonly message?: string
}

interface TestEvent {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly nesting?: number
    readonly skip?: unknown
    readonly todo?: unknown
    readonly details?: {
      readonly type?: string
      readonly error?: { readonly failureType?: string; readonly message?: string }
    }
  }
}

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const around: string[] = []
  for await (const { type, data } of events) {
    const { name, nesting, details, skip, todo } = data
    if (name === undefined || nesting === undefined) continue
    if (type === 'test:start') around.splice(nesting, around.length, name)
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const { failureType, message } = details?.error ?? {}
    const idle = skip !== undefined || todo !== undefined
    if (idle || details?.type === 'suite' || failureType === 'subtestsFailed') continue
    const ran: Ran = {
      name: [...around.slice(0, nesting), name].join(' '),
      passed: type === 'test:pass',
      ...(failureType !== undefined && { kind: failureType }),
      ...(message !== undefined && { message: message.slice(0, 300) }),
    }
    yield `${JSON.stringify(ran)}\n`
  }
}
