// The way back from the OP: what comes in the query, in the fragment, or as a form that another site posts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import express from 'express'
import type { Express, Request, Response } from 'express'
import type { CallbackSource } from 'oxd-client'
import { relayPage } from './pages.ts'
import { formField } from './session.ts'

const SCRIPT = readFileSync(join(import.meta.dirname, 'callback.js'), 'utf8')

/** A code that is a JWT, tokens, and how a form writes them. */
const RESPONSE_LIMIT = '256kb'

/** A response of the OP: what the library takes, and the parameters as they came. */
export interface Arrived {
  readonly source: CallbackSource
  readonly parameters: string
}

export interface CallbackParts {
  /** The redirect URI of the site. */
  readonly redirectUri: () => string
  /** Does the OP answer in the fragment, which a browser keeps to itself? */
  readonly inFragment: () => boolean
  /** The policy of the site, with its own script allowed. */
  readonly policy: string
  readonly arrive: (request: Request, response: Response, arrived: Arrived) => Promise<void>
}

/**
 * The routes of the callback. A form that the OP posts comes without our cookie, which is Lax; a fragment does not come at all.
 * Both are sent once more, by a page of this site: then the browser brings the cookie along.
 */
export const serveCallback = (
  app: Express,
  { redirectUri, inFragment, policy, arrive }: CallbackParts,
): void => {
  const { pathname: path, origin } = new URL(redirectUri())
  const form = { type: 'application/x-www-form-urlencoded', limit: RESPONSE_LIMIT } as const

  const relay = (response: Response, part: 'form' | 'fragment', value: string): void => {
    response.set('content-security-policy', policy)
    response.send(relayPage(`${path}/response`, part, value))
  }

  app.get('/callback.js', (_request, response) => void response.type('js').send(SCRIPT))

  app.get(path, async (request, response) => {
    const [, parameters = ''] = request.originalUrl.split('?')
    if (parameters === '' && inFragment()) return relay(response, 'fragment', '')
    await arrive(request, response, { source: `${origin}${request.originalUrl}`, parameters })
  })

  app.post(path, express.text(form), (request, response) => {
    relay(response, 'form', typeof request.body === 'string' ? request.body : '')
  })

  app.post(
    `${path}/response`,
    express.urlencoded({ extended: false, limit: RESPONSE_LIMIT }),
    async (request, response) => {
      const [posted, fragment] = [formField(request, 'form'), formField(request, 'fragment')]
      const source =
        posted === ''
          ? `${redirectUri()}#${fragment}`
          : new Request(redirectUri(), {
              method: 'POST',
              headers: { 'content-type': form.type },
              body: posted,
            })
      await arrive(request, response, { source, parameters: posted === '' ? fragment : posted })
    },
  )
}
