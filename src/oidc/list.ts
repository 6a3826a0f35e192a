// Lists in what an OP says: counted before their items are looked at. What is wrong with an item is written down for each, which would
// keep the event loop busy for a second where there are half a million.
import { z } from 'zod'
import { LIMITS } from '../limits.ts'

/** At most so many of these; that they are such is looked at behind their number. */
export const listOf = <T extends z.ZodType>(item: T, items_max: number = LIMITS.op_list_items_max) =>
  z.custom<z.input<T>[]>((value) => Array.isArray(value) && value.length <= items_max).pipe(z.array(item))
