// SPDX-License-Identifier: MIT
// Text messages by their shape, before anybody uses them: a server that breaks the contract is told
// by name, and nothing behind this file has to doubt a field. Tiles are checked in decode.ts.

import type {ServerMessage} from './api'
import {
  collectorFacts,
  FLAME,
  lockFacts,
  PAUSES,
  sampleFacts,
  SLEEPS,
  source,
  SPLIT,
  stateFacts,
  turnFacts,
  woke,
} from './check_kernel'
import {LOCKS} from './check_locks'
import {HEAP, HEAP_SO_FAR} from './check_heap'
import {
  isBoolean,
  isCount,
  isLength,
  isNumber,
  isObject,
  isText,
  isTime,
  listOf,
  maybe,
  shape,
  tuple,
  type Fields,
  type Test,
} from './shapes'

/** More names than any trace of ours; a part must not begin beyond. */
const NAMES_MAX = 2 ** 24

const facts = shape({
  name: isText,
  bytes: isCount,
  events: isCount,
  duration: isLength,
  first: isLength,
  wall_start_ns: isText,
  lost: isCount,
  is_finished: isBoolean,
  clock: isText,
  meta: listOf(value => Array.isArray(value) && value.length === 2 && value.every(isText)),
  damage: listOf(shape({offset: isCount, bytes: isCount, text: isText})),
  repaired: isCount,
})

const track = shape({
  id: isCount,
  parent: isNumber,
  kind: isText,
  label: isText,
  pid: isNumber,
  tid: isNumber,
  events: isCount,
  lost: isCount,
  memory: maybe(isCount),
  looks: maybe(isCount),
})

const lane = shape({
  id: isCount,
  track: isCount,
  kind: isText,
  depth: isCount,
  events: isCount,
  cpu: maybe(isCount),
  unit: maybe(isText),
  step: maybe(isCount),
  is_estimate: maybe(isBoolean),
})

const nameTotal = shape({
  name: isCount,
  count: isCount,
  total: isTime,
  self: isTime,
  max: isTime,
  longest: tuple(2),
})

const flowEnd = shape({lane: isNumber, index: isNumber, time: isTime})

/** Every message's fields; what is not listed is not looked at. */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, Test>>>> = {
  progress: {stage: isText, done: isCount, total: isCount},
  hello: {
    version: isNumber,
    generation: isNumber,
    trace: facts,
    tracks: listOf(track),
    lanes: listOf(lane),
    sources: maybe(listOf(source)),
    states: maybe(listOf(shape({name: isCount, state: isText}))),
  },
  names: {first: value => isCount(value) && (value as number) < NAMES_MAX, names: listOf(isText)},
  event: {
    req: isNumber,
    lane: isCount,
    index: isCount,
    start: isTime,
    duration: isTime,
    kind: isText,
    track: isNumber,
    args: maybe(listOf(shape({name: isText, type: isText, value: isText}))),
    site: maybe(isObject),
    parent: maybe(tuple(2)),
    first_child: maybe(tuple(2)),
    task: maybe(shape({id: isText})),
    steps: maybe(listOf(shape({name: isCount, time: isTime, track: isNumber}))),
    flows: maybe(listOf(shape({id: isText, from: flowEnd, to: flowEnd}))),
    lost: maybe(shape({count: isCount, reason: isText})),
    chrome: maybe(Array.isArray),
    result: maybe(shape({value: isText, text: maybe(isText), is_error: maybe(isBoolean)})),
    state: maybe(stateFacts),
    lock: maybe(lockFacts),
    turn: maybe(turnFacts),
    sample: maybe(sampleFacts),
    woke: maybe(listOf(woke)),
    collector: maybe(collectorFacts),
  },
  range: {
    req: isNumber,
    done: isBoolean,
    count: isCount,
    busy: isTime,
    lost: isCount,
    places: listOf(tuple(6)),
    names: listOf(nameTotal),
  },
  search: {req: isNumber, count: isCount, names: listOf(isCount)},
  found: {req: isNumber, lane: isNumber, index: isNumber, start: isTime, duration: isTime},
  split: SPLIT,
  flame: FLAME,
  sleeps: SLEEPS,
  locks: LOCKS,
  heap: HEAP,
  pauses: PAUSES,
  error: {req: maybe(isNumber), text: isText},
}

/** What the kernel did not tell comes as null or not at all; behind this file it is not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutNulls)
  }
  if (!isObject(value)) {
    return value
  }
  const kept = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutNulls(member)]))
}

const NULLABLE: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['event', ['state', 'lock', 'turn', 'sample', 'woke', 'collector']],
  ['locks', ['locks', 'deadlocks']],
])

function tidied(message: Fields): Fields {
  const parts = (NULLABLE.get(message.type) ?? []).filter(key => Object.hasOwn(message, key))
  return {...message, ...Object.fromEntries(parts.map(key => [key, withoutNulls(message[key])]))}
}

function testsOf(type: string, message: Fields): Readonly<Record<string, Test>> | null {
  if (type === 'heap' && message.done === false) {
    return HEAP_SO_FAR
  }
  return Object.hasOwn(MESSAGES, type) ? MESSAGES[type] : null
}

/** The message as its type; throws with the field that breaks the contract. */
export function checkedMessage(text: string): ServerMessage {
  const parsed: unknown = JSON.parse(text)
  const message = isObject(parsed) ? tidied(parsed) : parsed
  const type = isObject(message) ? message.type : undefined
  const tests = typeof type === 'string' && isObject(message) ? testsOf(type, message) : null
  if (!isObject(message) || tests === null) {
    throw new Error(`a message of type ${String(type)}`)
  }
  for (const [field, test] of Object.entries(tests)) {
    if (!test(message[field])) {
      throw new Error(`a message "${String(type)}" with a wrong or missing "${field}"`)
    }
  }
  return message as unknown as ServerMessage
}
