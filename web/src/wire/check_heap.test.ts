// SPDX-License-Identifier: MIT
import {equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {checkedMessage} from './check'

const sums = Array.from({length: 21}, (_, at) => at)
const site = {sums, half_life: 5, longest_life: 9, lives: [[3, 1.5]]}
const heap = {
  type: 'heap',
  req: 8,
  done: true,
  start: 0,
  end: 9,
  moment: 8,
  is_sampled: false,
  events: 4,
  lost: 0,
  unmatched: 0,
  damaged: 0,
  peak: {bytes: 5, time: 3},
  resident: {processes: 1, begin: 0, end: 5, now: 0, most: 9, time: 2},
  total: site,
  growth_variance: 0,
  functions: [{function: 'main'}, {function: '', module: '/bin/x'}],
  nodes: [
    [-1, 0, ...sums],
    [0, 1, ...sums],
  ],
  left_out: 0,
  places: [
    {
      ...site,
      pool: '0x5',
      stack: [
        [1, 0, '0x12'],
        [0, 3],
      ],
    },
  ],
  places_left_out: 0,
  threads: [{pid: 10, tid: 11, label: 'w', track: 2}],
  hands: [[0, 0, 5, 1, 0]],
  hands_left_out: [0, 0],
  pools: [{pid: 10, pool: '0x5', name: 'arena', has: 9, gave: 2}],
  pools_left_out: 0,
  curve: {step: 1, points: [[1, 2, 3, 4, 5]]},
}

const complaint = (change: object): string => {
  try {
    checkedMessage(JSON.stringify({...heap, ...change}))
  } catch (error) {
    return String(error)
  }
  return ''
}

const match = (change: object, field: string): void => {
  const text = complaint(change)
  ok(text.includes(`"heap" with a wrong or missing "${field}"`), `${field}: ${text}`)
}

test('memory passes as the contract has it, whole and while it is made', () => {
  equal(complaint({}), '')
  equal(checkedMessage('{"type":"heap","req":8,"done":false,"count":3,"of":9}').type, 'heap')
  match({done: 'soon'}, 'done')
  match({done: undefined}, 'done')
})

test('half a row of sums, or one of less than nothing, is refused', () => {
  match({total: {...site, sums: sums.slice(1)}}, 'total')
  match({total: {...site, sums: [-1, ...sums.slice(1)]}}, 'total')
  match({places: [{...site, stack: [], sums: 5}]}, 'places')
  match({places: [{...site, stack: [[0]]}]}, 'places')
  match({places: [{...site, stack: [[0, 1, 2]]}]}, 'places')
  match({places: [{...site, stack: [], lives: [[1]]}]}, 'places')
})

test('a tree of memory has its parents first', () => {
  match({nodes: [[0, 0, ...sums]]}, 'nodes')
  match({nodes: [[-1, 0, ...sums.slice(1)]]}, 'nodes')
  match({nodes: [[-2, 0, ...sums]]}, 'nodes')
  match({nodes: [[-1, 0.5, ...sums.map(() => -1)]]}, 'nodes')
})

test('hands, pools and the curve have their shapes', () => {
  match({hands: [[0, 0, 5, 1]]}, 'hands')
  match({threads: [{pid: 1}]}, 'threads')
  match({pools: [{name: 5}]}, 'pools')
  match({curve: {step: 0, points: []}}, 'curve')
  match({curve: {step: 1, points: [[1, 2]]}}, 'curve')
  match({curve: {step: 1, points: [[1, 2, 3]]}}, 'curve')
  match({resident: {processes: 1}}, 'resident')
  match({growth_variance: -1}, 'growth_variance')
})
