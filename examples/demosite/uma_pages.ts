// The page of the protected album: each step with its code, what was asked and what came back.
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { codeBlock, layout, step } from './pages.ts'
import type { ShownLogin } from './pages.ts'
import type { Exchange } from './uma_trace.ts'
import type { Stage } from './uma.ts'

/** The steps of the page, and a second try at the door. */
export type StepName = 'protect' | 'knock' | 'ask' | 'claims' | 'again' | 'open' | 'delete'

export interface UmaModel {
  readonly visit: {
    readonly csrf: string
    readonly stage: Stage
    readonly pct?: string | undefined
    readonly steps: Readonly<Partial<Record<StepName, Exchange>>>
  }
  readonly login: ShownLogin | undefined
  /** Where this site is, without a slash at the end. */
  readonly origin: string
  /** The source of each step. */
  readonly code: Readonly<Record<Exclude<StepName, 'delete'>, string>>
}

/** What is worth protecting. */
export const PHOTOS = [
  {
    title: 'Morning at the dyke',
    picture: html`<rect width="300" height="200" fill="#f9d29d" />
      <circle cx="215" cy="92" r="34" fill="#fff3d6" />
      <path d="M0 120Q80 96 160 122T300 112V200H0Z" fill="#8fb79a" />
      <path d="M0 152Q110 128 300 158V200H0Z" fill="#4f7d63" />
      <path d="M62 122v-44M62 78l-24-15m24 15l24-15m-24 15v-26" stroke="#5b4636" stroke-width="5" />`,
  },
  {
    title: 'The lake, later',
    picture: html`<rect width="300" height="200" fill="#9fc9e0" />
      <path d="M0 112L70 52l52 44 48-58 130 74Z" fill="#5d7f99" />
      <path d="M170 38l26 16-20 8-16-4Z" fill="#f4f8fa" />
      <rect y="112" width="300" height="88" fill="#3f6f8f" />
      <path d="M112 148h76l-12 18h-52ZM150 84v60l-34 0Z" fill="#f7f3ea" />`,
  },
  {
    title: 'Stars, and a tent',
    picture: html`<rect width="300" height="200" fill="#1d2a4a" />
      <path
        d="M40 34h3v3h-3ZM96 66h2v2h-2ZM150 26h3v3h-3ZM210 58h2v2h-2ZM254 30h3v3h-3ZM272 86h2v2h-2ZM68 96h2v2h-2Z"
        fill="#fdf6d8"
      />
      <path d="M0 158Q150 132 300 162V200H0Z" fill="#10182c" />
      <path d="M96 166L150 92l54 74Z" fill="#e0784f" />
      <path d="M150 92l-20 74h40Z" fill="#ffd98a" />`,
  },
] as const

/** Who talks to whom. The numbers are those of the steps. */
const PICTURE = html`<svg
  class="flow"
  viewBox="0 0 640 420"
  role="img"
  aria-labelledby="flow-title flow-text"
>
  <title id="flow-title">The way to the album</title>
  <desc id="flow-text">
    The album protects its pictures at the authorization server. An application knocks at the album and is
    given a ticket; it asks the authorization server for a token; the server asks the person for claims; with
    the token the album opens. Album and application both leave the protocol to oxd.
  </desc>
  <path class="line" d="M110 124V276M110 276l-7-12h14zM110 124l-7 12h14z" />
  <path class="line" d="M200 324H440M440 324l-12-7v14z" />
  <path class="line" d="M200 76H440M440 76l-12-7v14zM200 76l12-7v14z" />
  <path class="line" d="M530 276V124M530 124l-7 12h14zM530 276l-7-12h14z" />
  <path class="line" d="M150 92L446 281M446 281l-14-3 7-11z" />
  <rect class="box" x="20" y="28" width="180" height="96" rx="14" />
  <rect class="box" x="440" y="28" width="180" height="96" rx="14" />
  <rect class="box accent" x="20" y="276" width="180" height="96" rx="14" />
  <rect class="box" x="440" y="276" width="180" height="96" rx="14" />
  <text class="name" x="110" y="84">Application</text>
  <text class="name" x="530" y="84">Person</text>
  <text class="name on" x="110" y="332">Album</text>
  <text class="name" x="530" y="320">Authorization</text>
  <text class="name" x="530" y="346">server</text>
  <text class="label left" x="128" y="180">2 knocks</text>
  <text class="label left" x="128" y="206">6 opens</text>
  <text class="label" x="320" y="308">1 protects</text>
  <text class="label right" x="512" y="206">4 claims</text>
  <text class="label left" x="318" y="178">3, 5 asks</text>
</svg>`

const form = (csrf: string, name: string, label: string, quiet = false): Html =>
  html`<form method="post" action="/uma/${name}" class="act">
    <input type="hidden" name="csrf" value="${csrf}" />
    <button class="button${quiet && ' quiet'}">${label}</button>
  </form>`

/** What was asked and what came back; nothing while nothing was. */
const said = (exchange: Exchange | undefined): HtmlValue =>
  exchange !== undefined &&
  html`<div class="exchange" role="group" aria-label="What was said: ${exchange.command}">
    <p class="way-to"><span>to oxd</span> <code>${exchange.command}</code></p>
    <pre
      class="code plain"
      tabindex="0"
      role="region"
      aria-label="Sent with ${exchange.command}"
    ><code>${exchange.sent}</code></pre>
    <p class="way-to ${exchange.refused && 'no'}">
      <span>from oxd</span> ${exchange.refused ? 'a refusal' : 'the answer'}
    </p>
    <pre
      class="code plain"
      tabindex="0"
      role="region"
      aria-label="Answer to ${exchange.command}"
    ><code>${exchange.came}</code></pre>
    ${exchange.description !== undefined && html`<p class="problem">${exchange.description}</p>`}
  </div>`

const later = (text: string): Html => html`<p class="hint">${text}</p>`

const album = (): Html =>
  html`<div class="album" role="group" aria-label="The album">
    ${PHOTOS.map(
      ({ title, picture }) =>
        html`<figure>
          <svg viewBox="0 0 300 200" role="img" aria-label="${title}">${picture}</svg>
          <figcaption>${title}</figcaption>
        </figure>`,
    )}
  </div>`

/** Has this step been carried out? */
const isDone = (exchange: Exchange | undefined): boolean => exchange !== undefined && !exchange.refused
/** Was the door open? The answer is JSON of our own making. */
const isGranted = (exchange: Exchange | undefined): boolean =>
  isDone(exchange) && /"access": "granted"/.test(exchange?.came ?? '')

const answerOf = (exchange: Exchange | undefined, yes: string, need: string): HtmlValue => {
  if (exchange === undefined) return undefined
  if (!exchange.refused) return html`<p class="good" role="status">${yes}</p>`
  return exchange.description === undefined
    ? html`<p role="status">${need}</p>`
    : html`<p class="problem" role="status">
        The authorization server said no: knock again, and answer otherwise.
      </p>`
}

/** The whole page. */
export const umaPage = ({ visit: { csrf, stage, pct, steps }, login, origin, code }: UmaModel): string => {
  const opened = isGranted(steps.open) && stage === 'open'
  return layout({
    title: 'The protected album – oxd sample site',
    login,
    main: html`<div class="wide">
      <section class="intro">
        <div>
          <h1>A protected album, step by step</h1>
          <p class="lead">
            With UMA a person shares what is theirs: the authorization server decides, by rules that they set
            there, who may see the pictures. The album only asks <strong>oxd</strong>.
          </p>
          <ol class="way">
            <li>The album registers what it protects.</li>
            <li>An application knocks without a token. It is refused, and gets a ticket.</li>
            <li>It asks the authorization server for a token, and shows the ticket.</li>
            <li>If that wants to know more, the person is asked, and comes back with a new ticket.</li>
            <li>The application asks again.</li>
            <li>With the token the album opens, and nothing else does.</li>
          </ol>
          <p class="hint">Here one site plays album and application, so that you see both sides.</p>
          ${Object.keys(steps).length > 0 && form(csrf, 'over', 'Start over', true)}
        </div>
        ${PICTURE}
      </section>

      ${step({
        number: 1,
        id: 'protect',
        title: 'Protect the album',
        done: isDone(steps.protect),
        text: html`<p>
            To look at <code>/album</code> one scope is enough; to delete it, a rule asks for two. oxd gets
            itself a token for the protection API (PAT), registers both at the authorization server, and
            remembers them.
          </p>
          ${form(csrf, 'protect', steps.protect === undefined ? 'Protect the album' : 'Protect it anew')}
          <p class="hint">Once for all visitors; done anew, it ends every token of before.</p>`,
        code: html`${codeBlock('The code that protects the album', code.protect)} ${said(steps.protect)}`,
      })}
      ${step({
        number: 2,
        id: 'knock',
        title: 'Knock without a token',
        done: isDone(steps.knock),
        text: html`<p>
            The album asks oxd whether the request may pass. It may not, so oxd gets a ticket for just this,
            and the header with which the album refuses: it says where to go with the ticket.
          </p>
          ${form(csrf, 'knock', 'Knock')}`,
        code: html`${codeBlock('The code that checks a request', code.knock)} ${said(steps.knock)}`,
      })}
      ${step({
        number: 3,
        id: 'ask',
        title: 'Ask for a token',
        done: steps.ask !== undefined && steps.ask.description === undefined,
        text: html`<p>
            The application exchanges the ticket for a requesting party token (RPT). Each ticket is good for
            one try.
            ${pct !== undefined && stage === 'knocked' && 'This time it brings along the PCT of before: the authorization server remembers what it was told.'}
          </p>
          ${answerOf(
            steps.ask,
            'It was given the token at once: go on to step 6.',
            'The authorization server needs to know more of the person: go on to step 4.',
          )}
          ${stage === 'knocked' ? form(csrf, 'ask', 'Ask for the token') : steps.ask === undefined && later('Knock first: it takes a ticket.')}`,
        code: html`${codeBlock('The code that asks for a token', code.ask)} ${said(steps.ask)}`,
      })}
      ${step({
        number: 4,
        id: 'claims',
        title: 'Give the claims',
        done: stage === 'back' || steps.again !== undefined,
        text: html`<p>
            oxd makes the address at the authorization server, with a state that belongs to this one try. The
            person answers there, and the site never sees what; the browser comes back with a new ticket.
          </p>
          ${
            stage === 'asked'
              ? html`<p><a class="button" href="/uma/claims">Go and give them</a></p>`
              : stage !== 'back' &&
                later(
                  'You will be sent there if the authorization server asks for it. At the sample’s own OP, NL is the country to be in.',
                )
          }`,
        code: codeBlock('The code that sends the person away', code.claims),
      })}
      ${step({
        number: 5,
        id: 'again',
        title: 'Ask again',
        done: isDone(steps.again),
        text: html`<p>
            The browser is back. If its state is one of this session, the application asks again, with the new
            ticket; oxd checks the state, too, which is good for once.
          </p>
          ${answerOf(
            steps.again,
            'It was given the token. The page shows no more than its beginning.',
            'The authorization server needs to know still more: go back to step 4.',
          )}
          ${stage === 'back' ? form(csrf, 'again', 'Ask again') : steps.again === undefined && later('The new ticket comes back with you.')}`,
        code: html`${codeBlock('The code of the way back', code.again)} ${said(steps.again)}`,
      })}
      ${step({
        number: 6,
        id: 'open',
        title: 'Open the album',
        done: opened,
        text: html`<p>
            The same question as in step 2, now with the token. oxd asks the authorization server what it
            permits, each time anew.
          </p>
          ${
            opened &&
            html`<p class="good" role="status">The album is open.</p>
              ${album()}`
          }
          ${
            stage === 'open'
              ? html`<div class="choices">
                    ${form(csrf, 'open', 'Open it')} ${form(csrf, 'delete', 'Try to delete it', true)}
                  </div>
                  ${
                    steps.delete !== undefined &&
                    html`<p role="status">
                      ${isGranted(steps.delete) ? 'It may be deleted, too.' : 'It may not be deleted: the token is for looking.'}
                    </p>`
                  }`
              : later('The album is closed without a token for it.')
          }
          <p class="hint">
            Programs knock at <code>${origin}/api/album</code>, with the token in the header
            <code>Authorization</code>.
          </p>`,
        code: html`${codeBlock('The code of the album’s API', code.open)} ${said(steps.open)}
        ${said(steps.delete)}`,
      })}
    </div>`,
  })
}
