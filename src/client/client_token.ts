// The client token for protected commands: obtained when it is first needed, renewed when it is about to run out. No timers.
import { shared, type Begun } from './begun.ts'
import { OxdConnectionError } from './errors.ts'
import type { ClientLimits } from './limits.ts'

/** What get_client_token answers. */
export interface Issued {
  readonly access_token: string
  /** Seconds; -1 or 0 if the OP does not say. */
  readonly expires_in: number
}

interface Held {
  readonly token: string
  /** From then on it is not shown any more. */
  readonly until_ms: number
}

export interface ClientTokenParts {
  /** Sends get_client_token. It is everybody's: the time and the signal of no single caller apply. */
  readonly obtain: () => Promise<Issued>
  /** Milliseconds; may begin anywhere. */
  readonly now: () => number
  readonly limits: Pick<ClientLimits, 'token_margin_seconds_max' | 'token_margin_share'>
}

export class ClientToken {
  readonly #parts: ClientTokenParts
  #held: Held | undefined
  #obtaining: Promise<string> | undefined

  constructor(parts: ClientTokenParts) {
    this.#parts = parts
  }

  /** One that is good for a while. All who ask meanwhile wait for the same. */
  async current(begun: Begun): Promise<string> {
    if (this.#held !== undefined && this.#parts.now() < this.#held.until_ms) return this.#held.token
    return this.#next(begun)
  }

  /** Another one than that which oxd has just refused. */
  async insteadOf(refused: string, begun: Begun): Promise<string> {
    // Of several that were refused with it only the first asks for a new one.
    if (this.#held?.token === refused) this.#held = undefined
    return this.current(begun)
  }

  #next(begun: Begun): Promise<string> {
    this.#obtaining ??= this.#obtain().finally(() => {
      this.#obtaining = undefined
    })
    return shared(this.#obtaining, begun, () => {
      const message = `there was no client token in ${begun.timeout_ms} ms; the command was not sent`
      return new OxdConnectionError('get_client_token', 'timeout', message)
    })
  }

  async #obtain(): Promise<string> {
    const { obtain, now, limits } = this.#parts
    // Before it is issued, so that its way here counts too.
    const from = now()
    const { access_token: token, expires_in } = await obtain()
    const margin = Math.min(limits.token_margin_seconds_max, expires_in * limits.token_margin_share)
    // Of one whose time is not known only oxd can say that it has run out.
    const until_ms = expires_in > 0 ? from + (expires_in - margin) * 1000 : Infinity
    this.#held = { token, until_ms }
    return token
  }
}
