// `oxd/testing`: an OP that misbehaves in every named way, to test a relying party with.
export { startFaultyOp } from './faulty_op.ts'
export type { FaultyOp, FaultyOpOptions } from './faulty_op.ts'
export { FAULTS } from './faults/index.ts'
export type { FaultName } from './faults/index.ts'
export type { NamedFault } from './faults/fault.ts'
// For faults of one's own: an OP for many issuers, each with lies laid over what it would say.
export { startLyingOp, reply, Reply } from './op.ts'
export type { EndpointName, Fault, Faults, LyingOp, LyingOpOptions, Recorded, Seen } from './op.ts'
