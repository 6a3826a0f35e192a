// A login that somebody else began: the user is asked, since anybody can send them here with a login of theirs.
import { randomBytes } from 'node:crypto'
import type { Express, Request, Response } from 'express'
import { first } from 'oxd-client'
import { goOnPage } from './pages.ts'
import { formField, isOwnForm, logIn, saved } from './session.ts'
import type { Login, Tokens } from './session.ts'

/** A login that waits for the word of whoever sits at this browser. */
export interface Offer {
  readonly tokens: Tokens
  readonly claims: Login['claims']
  /** Stands in the form that takes it. */
  readonly csrf: string
}

/** Asks whether to go on as the one who is named in the tokens. Until then nobody is logged in. */
export const makeOffer = async (
  request: Request,
  response: Response,
  { tokens, claims }: Omit<Offer, 'csrf'>,
): Promise<void> => {
  const csrf = randomBytes(24).toString('base64url')
  request.session.offer = { tokens, claims, csrf }
  await saved(request)
  const name = first(claims.name) ?? first(claims.email) ?? first(claims.sub) ?? 'somebody'
  response.send(goOnPage(name, csrf))
}

interface OfferParts {
  /** There is no such offer in this session, or it was answered. */
  readonly none: (request: Request, response: Response) => void
}

/** The answer to the question. Each offer is answered once. */
export const serveOffer = (app: Express, { none }: OfferParts): void => {
  app.post('/go-on', async (request, response) => {
    const { offer, login } = request.session
    if (offer === undefined || login !== undefined || !isOwnForm(request, offer.csrf))
      return none(request, response)
    delete request.session.offer
    await saved(request)
    if (formField(request, 'answer') !== 'yes') return response.redirect(303, '/')

    // From here on the session has a new name, and a user.
    await logIn(request, offer.tokens, offer.claims)
    response.redirect(303, '/#claims')
  })
}
