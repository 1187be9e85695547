// SPDX-License-Identifier: MIT
import {deepEqual} from 'node:assert/strict'
import {test} from 'node:test'
import {makeTrace, type TraceFacts} from './trace'
import {wakesOf} from './wakes'

const facts: TraceFacts = {
  name: 't',
  bytes: 1,
  events: 1,
  duration: 1e9,
  first: 0,
  wall_start_ns: '0',
  lost: 0,
  is_finished: true,
  clock: 'TSC',
  meta: [],
  damage: [],
  repaired: 0,
}
const trace = makeTrace(
  1,
  facts,
  [],
  [{id: 30, track: 9, kind: 'cpu', depth: 0, events: 1, cpu: 3}],
)

test('a wait has an arrow from who ended it: from the call, else from the state', () => {
  const waker = {time: 9, running: [1, 2], doing: [3, 4]} as const
  deepEqual(wakesOf(trace, {lane: 7, index: 8, state: {waker}}), [
    {from: {lane: 3, index: 4, time: 9}, to: {lane: 7, index: 8, time: 9}},
  ])
  deepEqual(wakesOf(trace, {lane: 7, index: 8, state: {waker: {time: 9, running: [1, 2]}}}), [
    {from: {lane: 1, index: 2, time: 9}, to: {lane: 7, index: 8, time: 9}},
  ])
})

test('who is not recorded woke from the CPU it ran on, if that is in the trace', () => {
  deepEqual(wakesOf(trace, {lane: 7, index: 8, state: {waker: {time: 9, cpu: 3}}}), [
    {from: {lane: 30, index: -1, time: 9}, to: {lane: 7, index: 8, time: 9}},
  ])
  deepEqual(wakesOf(trace, {lane: 7, index: 8, state: {waker: {time: 9, cpu: 4}}}), [])
})

test('who is nowhere has no arrow', () => {
  deepEqual(wakesOf(trace, {lane: 7, index: 8, state: {waker: {time: 9}}, woke: [{time: 5}]}), [])
})

test('whom it woke are arrows away from it', () => {
  deepEqual(wakesOf(trace, {lane: 7, index: 8, woke: [{time: 5, place: [1, 2]}]}), [
    {from: {lane: 7, index: 8, time: 5}, to: {lane: 1, index: 2, time: 5}},
  ])
})
