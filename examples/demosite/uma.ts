// The UMA part of the sample site: an album that is protected, and an application that wants to see it. In real life these
// are two; here one site plays both, so that each step can be shown.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Express, Request, Response } from 'express'
import { Client, NeedInfoError, OxdError, ResourceSet } from 'oxd-client'
import { region } from './highlight.ts'
import { MESSAGES } from './messages.ts'
import type { Message } from './messages.ts'
import type { ShownLogin } from './pages.ts'
import { isOwnForm, queryField, saved, takeGathering } from './session.ts'
import { PHOTOS, umaPage } from './uma_pages.ts'
import type { StepName } from './uma_pages.ts'
import { refusalShown, watched } from './uma_trace.ts'
import type { Exchange } from './uma_trace.ts'

// The page shows the code of each step: this very file, between the marks.
const SOURCE = readFileSync(import.meta.filename, 'utf8')
const CODE = {
  protect: region(SOURCE, 'protect'),
  knock: region(SOURCE, 'knock'),
  ask: region(SOURCE, 'ask'),
  claims: region(SOURCE, 'claims'),
  again: region(SOURCE, 'back'),
  open: region(SOURCE, 'door'),
}

/** Where a visitor stands: each stage is followed by the step that it makes possible. */
export type Stage = 'start' | 'knocked' | 'asked' | 'back' | 'open'

/** What the site remembers of a visitor's way to the album. It ends with the session. */
export interface UmaVisit {
  readonly csrf: string
  readonly stage: Stage
  /** For the next request for an RPT; each is good for one. */
  readonly ticket?: string | undefined
  /** The state of the claims gathering from which the visitor came back. */
  readonly state?: string | undefined
  readonly rpt?: string | undefined
  /** With it the authorization server need not ask the same person again. */
  readonly pct?: string | undefined
  /** What was said last in each step, fit to be shown. */
  readonly steps: Readonly<Partial<Record<StepName, Exchange>>>
}

/** How many claims gatherings one browser may have under way; beyond that the oldest is forgotten. */
const GATHERINGS_MAX = 5

export interface UmaParts {
  readonly album: () => Client
  /** Where this site is, without a slash at the end. */
  readonly origin: () => string
  readonly shownLogin: (request: Request) => ShownLogin | undefined
  readonly sendMessage: (request: Request, response: Response, message: Message) => void
  /** Says one line to the person who runs the site. */
  readonly say: (line: string) => void
}

const fresh = (): UmaVisit => ({ csrf: randomBytes(24).toString('base64url'), stage: 'start', steps: {} })

// #region protect
const VIEW = 'https://album.example.com/view'
const EDIT = 'https://album.example.com/edit'

// To look, one scope is enough; to delete, one needs both.
const { resources } = new ResourceSet()
  .add('/album')
  .scope('GET', VIEW)
  .expression('DELETE', {
    rule: { and: [{ var: 0 }, { var: 1 }] },
    data: [VIEW, EDIT],
  })

const protect = async (album: Client): Promise<void> => {
  await album.umaRsProtect({ resources, overwrite: true })
}
// #endregion

// #region knock
/** May a request pass that came with this token, or none? */
const check = (album: Client, http_method: string, rpt?: string) =>
  album.umaRsCheckAccess({ path: '/album', http_method, rpt })
// #endregion

// #region ask
/** Asks for a token; or learns that the user must be asked first. */
const ask = async (album: Client, visit: UmaVisit): Promise<Partial<UmaVisit>> => {
  const { ticket = '', state, pct } = visit
  try {
    const reply = await album.umaRpGetRpt({ ticket, state, pct })
    const rpt = reply.access_token ?? undefined
    return { stage: 'open', rpt, pct: reply.pct ?? pct }
  } catch (error) {
    if (!(error instanceof NeedInfoError)) throw error
    // The ticket that was sent is spent; this one goes on.
    return { stage: 'asked', ticket: error.ticket }
  }
}
// #endregion

/** What a step makes of a visit. Of the ticket, once it was sent, nothing is left. */
const STEPS: Readonly<Record<string, (album: Client, visit: UmaVisit) => Promise<Partial<UmaVisit>>>> = {
  protect: async (album) => {
    await protect(album)
    // What was given before was for resources that are no longer there.
    return { stage: 'start', ticket: undefined, state: undefined, rpt: undefined }
  },
  knock: async (album) => {
    const { ticket } = await check(album, 'GET')
    return { stage: 'knocked', ticket: ticket ?? undefined, state: undefined, rpt: undefined }
  },
  ask: async (album, visit) => ({ ticket: undefined, state: undefined, ...(await ask(album, visit)) }),
  again: async (album, visit) => ({ ticket: undefined, state: undefined, ...(await ask(album, visit)) }),
  open: async (album, { rpt }) => {
    const { access } = await check(album, 'GET', rpt)
    // It has ended, or is for something else: knock again.
    return access === 'granted' ? {} : { stage: 'start', rpt: undefined }
  },
  delete: async (album, { rpt }) => {
    await check(album, 'DELETE', rpt)
    return {}
  },
}

const ORDER: readonly StepName[] = ['protect', 'knock', 'ask', 'claims', 'again', 'open', 'delete']

/** The stages in which a step makes sense; absent: all. */
const WHEN: Readonly<Record<string, Stage>> = { ask: 'knocked', again: 'back', open: 'open', delete: 'open' }

/** The routes under /uma, and the album's own API. */
export const serveUma = (app: Express, { album, origin, shownLogin, sendMessage, say }: UmaParts): void => {
  const visitOf = (request: Request): UmaVisit => request.session.uma ?? fresh()
  const keep = async (request: Request, visit: UmaVisit): Promise<void> => {
    request.session.uma = visit
    await saved(request)
  }
  /** oxd may have lost its data since: then the album is registered anew, and what was given before is worth nothing. */
  const registered = async (run: (client: Client) => Promise<void>): Promise<void> => {
    const client = album()
    await client.registerSite()
    try {
      await run(client)
    } catch (error) {
      if (!(error instanceof OxdError) || error.code !== 'invalid_oxd_id') throw error
      await client.registerSite({ again: true })
      await run(client)
    }
  }

  app.get('/uma', async (request, response) => {
    const visit = visitOf(request)
    if (request.session.uma === undefined) await keep(request, visit)
    response.send(umaPage({ visit, login: shownLogin(request), code: CODE, origin: origin() }))
  })

  app.post('/uma/:step', async (request, response) => {
    const visit = visitOf(request)
    if (!isOwnForm(request, visit.csrf)) return sendMessage(request, response, MESSAGES.form_expired)
    const name = String(request.params.step)
    if (name === 'over') {
      await keep(request, fresh())
      return response.redirect(303, '/uma')
    }
    const run = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined
    if (run === undefined) return sendMessage(request, response, MESSAGES.not_found)
    // A button of an old page: the page of now shows what can be done.
    const when = WHEN[name]
    if (when !== undefined && when !== visit.stage) return response.redirect(303, '/uma')
    // There is such a step, and the page names each.
    const step = name as StepName

    // What came after it the last time is over.
    const earlier = ORDER.slice(0, ORDER.indexOf(step)).map((name) => [name, visit.steps[name]])
    const steps: Partial<Record<StepName, Exchange>> = Object.fromEntries(earlier)
    let after: Partial<UmaVisit> = {}
    try {
      await registered(async (client) => {
        const watching = watched(client, (exchange) => void (steps[step] = exchange))
        after = await run(watching, visit)
      })
    } catch (error) {
      // The page shows what oxd refuses; whatever else goes wrong is said by the site.
      if (!(error instanceof OxdError)) throw error
      steps[step] = refusalShown(error, steps[step])
      after =
        when === undefined ? {} : { stage: 'start', ticket: undefined, state: undefined, rpt: undefined }
    }
    await keep(request, { ...visit, ...after, steps })
    response.redirect(303, `/uma#${step === 'delete' ? 'open' : step}`)
  })

  // #region claims
  app.get('/uma/claims', async (request, response) => {
    const { stage, ticket } = visitOf(request)
    if (stage !== 'asked' || ticket === undefined) return response.redirect(303, '/uma')
    const claims_redirect_uri = `${origin()}/uma/back`
    const { url, state } = await album().umaRpGetClaimsGatheringUrl({ ticket, claims_redirect_uri })

    // As with a login: the state belongs to this browser.
    const pending = [...(request.session.gatherings ?? []), state]
    request.session.gatherings = pending.slice(-GATHERINGS_MAX)
    await saved(request)
    response.redirect(303, url)
  })
  // #endregion

  // #region back
  app.get('/uma/back', async (request, response) => {
    const [state, ticket] = [queryField(request, 'state'), queryField(request, 'ticket')]

    // Did this browser go there? Else the claims may be another's.
    if (!takeGathering(request, state) || ticket === undefined) {
      return sendMessage(request, response, MESSAGES.no_such_gathering)
    }
    await keep(request, { ...visitOf(request), stage: 'back', ticket, state })
    response.redirect(303, '/uma#again')
  })
  // #endregion

  // #region door
  app.get('/api/album', async (request, response) => {
    const rpt = /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '')?.[1]
    try {
      const { access, ...refusal } = await check(album(), 'GET', rpt)
      if (access === 'granted') return void response.json({ photos: PHOTOS.map(({ title }) => title) })

      // The header carries the ticket, and says where to go with it.
      const header = refusal['www-authenticate_header'] ?? 'UMA'
      response.status(401).set('www-authenticate', header).json({ error: 'insufficient_scope' })
    } catch (error) {
      // Nobody can be asked, or nothing is protected yet: the door stays shut.
      say(`the album: ${error instanceof OxdError ? error.code : String(error)}`)
      const warning = '199 - "UMA Authorization Server Unreachable"'
      response.status(403).set('warning', warning).end()
    }
  })
  // #endregion
}
