// SPDX-License-Identifier: MIT
import {equal, ok, throws} from 'node:assert/strict'
import {test} from 'node:test'
import {checkedMessage} from './check'

const found = {type: 'found', req: 4, lane: 2, index: 9, start: 5, duration: 6, position: 3}
const complaint = (message: unknown): string => {
  try {
    checkedMessage(JSON.stringify(message))
  } catch (error) {
    return String(error)
  }
  return ''
}

const match = (text: string, pattern: RegExp): void => ok(pattern.test(text), text)

test('what the contract says passes, with fields it does not say', () => {
  equal(checkedMessage(JSON.stringify({...found, extra: 1})).type, 'found')
  equal(complaint({type: 'error', text: 'no'}), '')
})

test('a wrong field is named', () => {
  match(complaint({...found, start: '5'}), /"found" .* "start"/)
  match(complaint({...found, duration: 1e300}), /"duration"/)
  match(complaint({type: 'search', req: 1, count: 1, names: [1, null]}), /"names"/)
  match(complaint({type: 'event', req: 1}), /"lane"/)
  match(complaint({type: 'hello', version: 1, generation: 1, trace: {}}), /"trace"/)
})

test('what is no message is refused', () => {
  for (const message of [
    null,
    5,
    'x',
    [],
    {},
    {type: 5},
    {type: 'toString'},
    {type: '__proto__'},
  ]) {
    match(complaint(message), /a message of type/)
  }
  throws(() => checkedMessage('{"type":"found"'))
})

const flame = {
  type: 'flame',
  req: 7,
  start: 0,
  end: 9,
  samples: 3,
  weight: 30,
  unknown: 0,
  left_out: 0,
  functions: [{function: 'main'}, {function: 'parse', file: 'a.c', module: '/bin/x'}],
  nodes: [
    [-1, 0, 30, 10, 3],
    [0, 1, 20, 20, 2],
  ],
}

const sleeps = {
  ...flame,
  type: 'sleeps',
  threads: 2,
  all: {total: 50, count: 4, estimated: 0},
  not_looked_at: {total: 20, count: 1, estimated: 0},
}

test('sleeps are a flame with sums that are sound', () => {
  equal(complaint(sleeps), '')
  match(complaint({...sleeps, all: {total: -1, count: 4, estimated: 0}}), /wrong or missing "all"/)
  match(complaint({...sleeps, not_looked_at: 20}), /wrong or missing "not_looked_at"/)
  match(complaint({...sleeps, nodes: [[0, 0, 1, 1, 1]]}), /wrong or missing "nodes"/)
  match(complaint({...sleeps, threads: undefined}), /wrong or missing "threads"/)
})

test('a flame is a tree: parents first, no part above its whole', () => {
  equal(complaint(flame), '')
  const lies = [
    [[0, 0, 30, 10, 3]],
    [[-2, 0, 30, 10, 3]],
    [[-1, 0, 30, 10]],
    [[-1, 0, 30, 40, 3]],
    [[-1, -1, 30, 10, 3]],
    [[-1, 0, 1e300, 1e300, 3]],
    [
      [-1, 0, 30, 10, 3],
      [0.5, 1, 20, 20, 2],
    ],
    [
      [-1, 0, 30, 10, 3],
      [1, 1, 20, 20, 2],
    ],
  ]
  for (const nodes of lies) {
    match(complaint({...flame, nodes}), /"flame" .* "nodes"/)
  }
  match(complaint({...flame, functions: [{function: 5}]}), /"functions"/)
})

const pauses = {
  type: 'pauses',
  req: 8,
  what: 'lock',
  track: 1,
  start: 0,
  end: 100,
  offers: [{what: 'lock'}, {what: 'collector', why_not: 'no collector told'}],
  grain: 0,
  threads: 1,
  pieces: 1,
  taken: 5,
  points: [
    [1, 1, 5, 1],
    [100, 5, 0, 1],
  ],
  longest: [5, 5, 5, 1],
  window: 10,
  worst: [[10, 5, 0, 1]],
}

test('a curve whose lengths do not grow, or that takes more than there is, is refused', () => {
  equal(complaint(pauses), '')
  const {longest, window, worst, ...none} = pauses
  equal(complaint({...none, points: [], pieces: 0}), '')
  const [first, last] = pauses.points
  for (const points of [
    [last, first],
    [first, first],
    [[0, 0, 0, 1]],
    [[5, 6, 0, 1]],
    [[5, 1, 0]],
    [[5, -1, 0, 1]],
  ]) {
    match(complaint({...pauses, points}), /"points"/)
  }
  match(complaint({...pauses, worst: [[10, 11, 0, 1]]}), /"worst"/)
  match(complaint({...pauses, longest: 5}), /"longest"/)
  match(complaint({...pauses, offers: [{what: 5}]}), /"offers"/)
})

const split = {
  type: 'split',
  req: 6,
  track: 1,
  start: 0,
  end: 9,
  duration: 9,
  parts: [{part: 'running', total: 9, count: 1, longest: [3, 4]}],
  waits: [{place: [3, 4], start: 1, duration: 2, part: 'call', name: 9}],
}

test('a split with a part of no size, or no place, is refused', () => {
  equal(complaint(split), '')
  match(complaint({...split, duration: -1}), /"duration"/)
  match(complaint({...split, parts: [{part: 'running', total: -9, count: 1}]}), /"parts"/)
  match(complaint({...split, parts: [{part: 7, total: 9, count: 1}]}), /"parts"/)
  match(complaint({...split, waits: [{...split.waits[0], place: [3]}]}), /"waits"/)
})

const event = {
  type: 'event',
  req: 1,
  lane: 3,
  index: 4,
  start: 1,
  duration: 2,
  kind: 'state',
  track: 1,
}
const waker = {time: 3, cpu: 0, tid: 17, label: 'w', track: null, running: [1, 2]}

test('what is said of a state, a turn, a sample and a call has its shape', () => {
  const state = {state: 'sleeping', cpu: 3, call: {lane: 3, index: 4, name: 9}, end: 'woken', waker}
  equal(complaint({...event, state}), '')
  match(complaint({...event, state: {state: 5}}), /"state"/)
  match(complaint({...event, state: {...state, waker: {...waker, track: 'x'}}}), /"state"/)
  match(complaint({...event, state: {...state, call: [3, 4]}}), /"state"/)
  match(complaint({...event, turn: {cpu: 1, tid: 2}}), /"turn"/)
  match(complaint({...event, sample: {frames: [{line: '7'}]}}), /"sample"/)
  match(complaint({...event, result: {value: 5}}), /"result"/)
  match(complaint({...event, woke: [{time: 1, tid: 2}]}), /"woke"/)
})

test('what is not told, as null, is not there', () => {
  const nulls = {...waker, cpu: null, running: null, doing: null}
  const said = {...event, state: {state: 'woken', cpu: null, waker: nulls}, woke: [null]}
  match(complaint(said), /"woke"/)
  const message = checkedMessage(JSON.stringify({...said, woke: []}))
  const state = message.type === 'event' ? message.state : undefined
  equal(state?.cpu, undefined)
  equal(state?.waker?.running, undefined)
  equal(state?.waker?.track, undefined)
})
