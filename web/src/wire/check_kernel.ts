// SPDX-License-Identifier: MIT
// The shapes of what a kernel tells: sources, states, turns, samples, and what is made of them.

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
  type Test,
} from './shapes'

export const source = shape({
  name: isText,
  state: isText,
  why: maybe(isText),
  events: maybe(isCount),
  lost: maybe(isCount),
  checks: maybe(isCount),
  misses: maybe(isCount),
  slack: maybe(isTime),
})

const WAKER = {
  time: isTime,
  cpu: maybe(isCount),
  tid: isCount,
  label: isText,
  track: maybe(isNumber),
  running: maybe(tuple(2)),
  doing: maybe(tuple(2)),
  doing_name: maybe(isCount),
}

const waker = shape(WAKER)

export const stackFrame = shape({
  function: maybe(isText),
  file: maybe(isText),
  line: maybe(isCount),
  module: maybe(isText),
  address: maybe(isText),
  is_inlined: maybe(isBoolean),
})

/** Where a thread was seen to stand. */
const SEEN = {
  seen: maybe(
    listOf(
      shape({
        time: isTime,
        last: isTime,
        count: isCount,
        state: isText,
        brief: tuple(2),
        frames: listOf(stackFrame),
      }),
    ),
  ),
  seen_left_out: maybe(isCount),
}

export const stateFacts = shape({
  ...SEEN,
  state: isText,
  cpu: maybe(isCount),
  call: maybe(shape({lane: isCount, index: isCount, name: isCount})),
  end: maybe(isText),
  waker: maybe(waker),
})

export const turnFacts = shape({
  cpu: isCount,
  tid: isCount,
  label: isText,
  track: maybe(isNumber),
  running: maybe(tuple(2)),
})

const sampled = shape({time: isTime, place: tuple(2), frames: listOf(stackFrame)})

export const lockFacts = shape({
  frames: maybe(listOf(stackFrame)),
  holder: maybe(shape({...WAKER, ...SEEN, sampled: maybe(sampled)})),
  waker: maybe(shape({...WAKER, frames: maybe(listOf(stackFrame))})),
})

export const sampleFacts = shape({
  cpu: maybe(isCount),
  weight: maybe(isTime),
  frames: listOf(stackFrame),
})

export const woke = shape({
  time: isTime,
  tid: isCount,
  label: isText,
  track: maybe(isNumber),
  place: maybe(tuple(2)),
})

const splitPart = shape({
  part: isText,
  name: maybe(isCount),
  category: maybe(isText),
  total: isLength,
  count: isCount,
  longest: maybe(tuple(2)),
})

const splitWait = shape({
  place: tuple(2),
  start: isTime,
  duration: isTime,
  part: isText,
  name: maybe(isCount),
  slept_in: maybe(stackFrame),
})

/** A collector's work, a pause, a stopped thread. */
export const collectorFacts = shape({
  who: maybe(shape({tid: isCount, label: isText, track: isCount})),
  span: maybe(tuple(2)),
  live: maybe(isCount),
  freed: maybe(isCount),
  heap_before: maybe(isCount),
  heap_after: maybe(isCount),
  cycle: maybe(
    shape({
      place: tuple(2),
      name: isCount,
      start: isTime,
      duration: isLength,
      live: maybe(isCount),
      freed: maybe(isCount),
    }),
  ),
  pauses: maybe(shape({count: isCount, total: isLength})),
  interrupted: maybe(listOf(waker)),
})

/** Lengths that grow, each of more than nothing and with no more taken than there is. */
const isCurve: Test = value =>
  isPoints(value) &&
  (value as number[][]).every(([window], i, all) => i === 0 || window > all[i - 1][0])

const isPoint: Test = value => {
  if (!tuple(4)(value)) {
    return false
  }
  const [window, taken, start, track] = value as number[]
  return (
    isLength(window) &&
    window > 0 &&
    isLength(taken) &&
    taken <= window &&
    isTime(start) &&
    isCount(track)
  )
}

const isPoints: Test = listOf(isPoint)

/** A tree: parents stand before their children, weights are sound. */
export const isTree: Test = value =>
  listOf(tuple(5))(value) &&
  (value as number[][]).every(
    ([parent, named, total, self], at) =>
      Number.isInteger(parent) &&
      parent >= -1 &&
      parent < at &&
      isCount(named) &&
      isTime(total) &&
      isCount(self) &&
      self <= total,
  )

/** The fields of a `split` and of a `flame`. */
export const SPLIT: Readonly<Record<string, Test>> = {
  req: isNumber,
  track: isNumber,
  start: isTime,
  end: isTime,
  duration: isLength,
  has_states: maybe(isBoolean),
  run_queue_estimate: maybe(isTime),
  parts: listOf(splitPart),
  waits: listOf(splitWait),
}

export const PAUSES: Readonly<Record<string, Test>> = {
  req: isNumber,
  what: isText,
  track: isNumber,
  start: isTime,
  end: isTime,
  offers: listOf(shape({what: isText, why_not: maybe(isText)})),
  grain: isLength,
  threads: isCount,
  pieces: isCount,
  taken: isLength,
  points: isCurve,
  longest: maybe(isPoint),
  window: maybe(isLength),
  worst: maybe(isPoints),
}

/** What a flame weighs, and its tree. */
export const FLAME_PARTS: Readonly<Record<string, Test>> = {
  samples: isCount,
  weight: isTime,
  unknown: isCount,
  left_out: isCount,
  functions: listOf(shape({function: maybe(isText), file: maybe(isText), module: maybe(isText)})),
  nodes: isTree,
}

export const FLAME: Readonly<Record<string, Test>> = {
  req: isNumber,
  start: isTime,
  end: isTime,
  ...FLAME_PARTS,
}

const sleepSum = shape({total: isLength, count: isCount, estimated: isLength})

export const SLEEPS: Readonly<Record<string, Test>> = {
  ...FLAME,
  threads: isCount,
  all: sleepSum,
  not_looked_at: sleepSum,
}
