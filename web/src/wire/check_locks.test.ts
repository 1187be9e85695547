// SPDX-License-Identifier: MIT
import {equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import type {LocksAnswer} from './api'
import {checkedMessage} from './check'

const frame = {function: 'lock_it', file: 'a.c', line: 3, module: '', address: '0x1'}
const thread = {tid: 21, label: 'worker', track: null}
const wait = {start: 1, duration: 2, is_over: true, thread, holder: thread, waits_in: frame}
const lock = {
  lock: '0x1000',
  kind: 'mutex',
  is_held: true,
  pid: 20,
  count: 1,
  not_over: 0,
  total: 2,
  p50: 2,
  p99: 2,
  max: 2,
  threads: 1,
  with_stack: 1,
  holder: thread,
  holder_count: 1,
  waited_in: frame,
  waits: [{...wait, place: [3, 4]}],
}
const flame = {samples: 1, weight: 2, unknown: 0, left_out: 0, functions: [], nodes: []}
const answer = {
  type: 'locks',
  req: 1,
  start: 0,
  end: 9,
  count: 1,
  total: 2,
  with_stack: 1,
  lock_count: 1,
  locks: [lock],
  deadlock_count: 1,
  deadlocks: [{threads: 1, waits: [{...wait, lock: '0x1000', kind: 'mutex'}]}],
  flame,
}

const complaint = (message: unknown): string => {
  try {
    checkedMessage(JSON.stringify(message))
  } catch (error) {
    return String(error)
  }
  return ''
}

test('locks pass, and a thread without a track has none', () => {
  const checked = checkedMessage(JSON.stringify(answer)) as LocksAnswer
  equal(checked.locks[0].holder?.track, undefined)
  equal(checked.deadlocks[0].waits[0].thread.tid, 21)
})

test('a wrong field of a lock is named', () => {
  const wrong = [
    {...answer, locks: [{...lock, total: -1}]},
    {...answer, locks: [{...lock, waits: [{...wait, place: [1]}]}]},
    {...answer, locks: [{...lock, waits: [{...wait, thread: null}]}]},
    {...answer, locks: [{...lock, waited_in: {function: 7}}]},
    {...answer, locks: {}},
  ]
  for (const message of wrong) {
    ok(/"locks" with a wrong or missing "locks"/.test(complaint(message)), complaint(message))
  }
  ok(/"deadlocks"/.test(complaint({...answer, deadlocks: [{threads: 1, waits: [wait]}]})))
  ok(/"flame"/.test(complaint({...answer, flame: {...flame, nodes: [[0, 0, 5, 5, 1]]}})))
})
