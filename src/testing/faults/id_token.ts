// What an OP can say wrongly in an ID Token.
import type { Json } from '../jws.ts'
import type { Faults } from '../op.ts'
import { faults } from './fault.ts'

const claims = (change: (good: Json) => Json | string | Buffer): Faults => ({ id_token: { claims: change } })
const without = (name: string): Faults => claims(({ [name]: _, ...rest }) => rest)
/** One claim is another value. */
const says = (name: string, value: unknown): Faults => claims((good) => ({ ...good, [name]: value }))
const changes = (name: string, change: (value: string) => unknown): Faults =>
  claims((good) => ({ ...good, [name]: change(String(good[name])) }))

const ISS = 'Core 3.1.3.7 (2)'
const AUD = 'Core 3.1.3.7 (3)'

export const ID_TOKEN_FAULTS = faults({
  iss_suffixed: {
    what: 'iss is the issuer with "1" behind it.',
    spec: ISS,
    faults: changes('iss', (iss) => `${iss}1`),
  },
  iss_upper_case: {
    what: 'iss is the issuer in capitals.',
    spec: ISS,
    faults: changes('iss', (iss) => iss.toUpperCase()),
  },
  iss_slashed: {
    what: 'iss has a slash more at its end.',
    spec: ISS,
    faults: changes('iss', (iss) => `${iss}/`),
  },
  iss_missing: { what: 'iss is missing.', spec: 'Core 2', faults: without('iss') },
  iss_list: {
    what: 'iss is a list with the issuer in it.',
    spec: 'Core 2',
    faults: claims((good) => ({ ...good, iss: [good['iss']] })),
  },
  iss_object: {
    what: 'iss is an object.',
    spec: 'Core 2',
    faults: claims((good) => ({ ...good, iss: { href: good['iss'] } })),
  },
  aud_suffixed: {
    what: 'aud is the client_id with "1" behind it.',
    spec: AUD,
    faults: changes('aud', (aud) => `${aud}1`),
  },
  aud_missing: { what: 'aud is missing.', spec: 'Core 2', faults: without('aud') },
  aud_empty_list: { what: 'aud is an empty list.', spec: 'Core 2', faults: says('aud', []) },
})
