// What `oxd check` found: a line for each thing that was looked at, with the cure where something is wrong.

/** `note`: it works, but whoever runs the site should know. */
export type Verdict = 'ok' | 'note' | 'fail'

export interface Finding {
  readonly verdict: Verdict
  /** What was looked at, in a word or two. */
  readonly step: string
  /** What was found, and the cure. One line, without secrets. */
  readonly text: string
}

type Say = (step: string, text: string) => Finding
const saying =
  (verdict: Verdict): Say =>
  (step, text) => ({ verdict, step, text: text.replaceAll(/\s+/g, ' ') })
export const ok = saying('ok')
export const note = saying('note')
export const fail = saying('fail')

const VERDICT_WIDTH = 5
const STEP_WIDTH = 16

export const lineOf = ({ verdict, step, text }: Finding): string =>
  `${verdict.padEnd(VERDICT_WIDTH)} ${step.padEnd(STEP_WIDTH)} ${text}`
