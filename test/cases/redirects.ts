// Redirects, of each status and to each sort of place: wherever an OP redirects a request of oxd's, nobody follows.
import type { ErrorCode } from '../../src/error.ts'
import type { Act, Case, Drive } from '../../src/testing/cases/case.ts'
import { reply, type EndpointName, type Fault } from '../../src/testing/op.ts'

const STATUSES = [301, 302, 303, 307, 308] as const
const HOPS = 20

const to =
  (target: (act: Act) => string) =>
  (act: Act, status: number): Fault =>
    reply.redirect(target(act), status)
/** Where it leads to; each carries the good answer as well, for whoever looks at that alone. */
const TARGETS: Readonly<Record<string, (act: Act, status: number) => Fault>> = {
  'the same origin': to(({ issuer }) => `${issuer}/elsewhere`),
  'another origin': to(({ places }) => places.attacker),
  'a service inside': to(({ places }) => places.canary),
  'a service inside, in IPv6': to(({ places }) => places.canary6),
  'another scheme': to(() => 'file:///etc/passwd'),
  itself: to(() => '?again'),
  nowhere: to(() => 'https://'),
  'the answer, after twenty more': (_act, status) => {
    let hops = 0
    return (good) => ((hops += 1) > HOPS ? good : reply.redirect(`?hop=${hops}`, status))
  },
}
const WITH = ' to '

/** @param play what leads to this endpoint, and strikes before that */
export const redirects = (
  id: string,
  endpoint: EndpointName,
  play: Drive,
  code: ErrorCode,
  more: Partial<Case> = {},
): Case => ({
  id,
  title: `redirects of ${endpoint}: of each status, to each sort of place`,
  drive: (act) =>
    play({
      ...act,
      strike() {
        act.strike()
        const [status = '', target = ''] = act.attack?.split(WITH) ?? []
        const fault = TARGETS[target]?.(act, Number(status))
        if (fault !== undefined) act.op.setFaults(act.issuer, { [endpoint]: fault })
      },
    }),
  attacks: Object.fromEntries(
    STATUSES.flatMap((status) => Object.keys(TARGETS).map((target) => [`${status}${WITH}${target}`, code])),
  ),
  ...more,
  requests: { [endpoint]: 1, attacker: 0, unknown: 0, ...more.requests },
})
