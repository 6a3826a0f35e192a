// A door to the OPs whose rules can change under way: other CAs, other trusted origins, another proxy.
import type { Door } from '../oidc/http.ts'

export interface ChangeableDoor extends Door {
  /** From now on requests go through this one; those under way end at the old one, within the time that each has. */
  readonly change: (next: Door) => void
}

/** @param request_ms how long a request of the old door may take until it is closed */
export const changeableDoor = (first: Door, request_ms: number): ChangeableDoor => {
  let door = first
  const retired = new Map<Door, NodeJS.Timeout>()
  return {
    request: (asked) => door.request(asked),
    // Some keep this function: it asks the door of the moment.
    fetchFor: (step) => (url, init) => door.fetchFor(step)(url, init),
    change(next) {
      const old = door
      const leave = async (): Promise<void> => {
        retired.delete(old)
        await old.close()
      }
      // A door that fails to close has nothing left that anybody waits for.
      retired.set(
        old,
        setTimeout(() => void leave().catch(() => {}), request_ms),
      )
      door = next
    },
    async close() {
      for (const timer of retired.values()) clearTimeout(timer)
      await Promise.all([door, ...retired.keys()].map((each) => each.close()))
      retired.clear()
    },
  }
}
