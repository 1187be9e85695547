// SPDX-License-Identifier: MIT
// The shape of what is told of locks.

import {FLAME_PARTS, stackFrame} from './check_kernel'
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

const thread = shape({tid: isCount, label: isText, track: maybe(isNumber)})

const WAIT: Readonly<Record<string, Test>> = {
  start: isTime,
  duration: isLength,
  is_over: isBoolean,
  thread,
  holder: maybe(thread),
  waits_in: maybe(stackFrame),
  place: maybe(tuple(2)),
  held: maybe(shape({time: isTime, state: isText, function: maybe(isText)})),
}

const row = shape({
  lock: isText,
  kind: isText,
  is_held: isBoolean,
  pid: isCount,
  count: isCount,
  not_over: isCount,
  total: isLength,
  p50: isLength,
  p99: isLength,
  max: isLength,
  threads: isCount,
  with_stack: isCount,
  holder: maybe(thread),
  holder_count: maybe(isCount),
  waited_in: maybe(stackFrame),
  let_go_in: maybe(stackFrame),
  held_in: maybe(stackFrame),
  waits: listOf(shape(WAIT)),
})

const deadlock = shape({
  threads: isCount,
  waits: listOf(shape({...WAIT, lock: isText, kind: isText})),
})

/** The fields of a `locks`. */
export const LOCKS: Readonly<Record<string, Test>> = {
  req: isNumber,
  start: isTime,
  end: isTime,
  count: isCount,
  total: isLength,
  with_stack: isCount,
  lock_count: isCount,
  locks: listOf(row),
  deadlock_count: isCount,
  deadlocks: listOf(deadlock),
  flame: shape(FLAME_PARTS),
}
