// SPDX-License-Identifier: MIT
// The shape of what is told of memory.

import {
  isBoolean,
  isCount,
  isLength,
  isNumber,
  isText,
  isTime,
  listOf,
  maybe,
  shape,
  tuple,
  type Fields,
  type Test,
} from './shapes'

/** alive, before, kept, got, freed, overdue, touched: bytes, blocks and variance of each. */
const SUMS = 21

const counts =
  (length: number): Test =>
  value =>
    Array.isArray(value) && value.length === length && value.every(isCount)

const site: Readonly<Record<string, Test>> = {
  sums: counts(SUMS),
  half_life: isLength,
  longest_life: isLength,
  lives: listOf(counts(2)),
}

/** A tree: parents stand before their children. */
const isTree: Test = value =>
  listOf(tuple(2 + SUMS))(value) &&
  (value as number[][]).every(
    ([parent, ...rest], at) =>
      Number.isInteger(parent) && parent >= -1 && parent < at && rest.every(isCount),
  )

const frame: Test = value =>
  Array.isArray(value) && counts(2)(value.slice(0, 2)) && value.slice(2, 3).every(isText)

const pool = shape({pid: isCount, pool: isText, name: isText, has: isCount, gave: isCount})

export const HEAP_SO_FAR: Readonly<Record<string, Test>> = {
  req: isNumber,
  count: isCount,
  of: isCount,
}

export const HEAP: Readonly<Record<string, Test>> = {
  req: isNumber,
  done: value => value === true,
  start: isTime,
  end: isTime,
  moment: isTime,
  is_sampled: isBoolean,
  events: isCount,
  lost: isCount,
  unmatched: isCount,
  damaged: isCount,
  peak: shape({bytes: isCount, time: isTime}),
  resident: shape({
    processes: isCount,
    begin: isCount,
    end: isCount,
    now: isCount,
    most: isCount,
    time: isTime,
  }),
  total: shape(site),
  growth_variance: isCount,
  functions: listOf(shape({function: maybe(isText), file: maybe(isText), module: maybe(isText)})),
  nodes: isTree,
  left_out: isCount,
  places: listOf(shape({...site, stack: listOf(frame), pool: maybe(isText)})),
  places_left_out: isCount,
  threads: listOf(shape({pid: isCount, tid: isCount, label: isText, track: maybe(isCount)})),
  hands: listOf(counts(5)),
  hands_left_out: counts(2),
  pools: listOf(pool),
  pools_left_out: isCount,
  curve: (value: unknown): boolean =>
    shape({step: isLength, points: listOf(counts(5))})(value) &&
    ((value as Fields).step as number) > 0,
}
