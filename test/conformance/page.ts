// What docs/conformance.md says of the plans, out of the table that the test walks.
import { MODULES } from './modules.ts'
import { PLANS, runName } from './plans.ts'

/** Each plan with its modules, how oxd meets them, and in which runs. */
export const conformanceTable = (): string =>
  PLANS.map(({ name, runs }) => {
    const modules = [...new Set(runs.flatMap((run) => run.modules))]
    const rows = modules.map((module) => {
      const walked = runs.filter((run) => run.modules.includes(module)).map(runName)
      return `| \`${module}\` | ${MODULES[module]?.how ?? ''} | ${walked.join('; ')} |`
    })
    return [`### ${name}`, '', '| module | oxd | walked for |', '| --- | --- | --- |', ...rows].join('\n')
  }).join('\n\n')
