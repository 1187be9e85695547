// SPDX-License-Identifier: MIT
import {deepEqual, equal} from 'node:assert/strict'
import {test} from 'node:test'
import {EMPTY_STATE, formatFragment, parseFragment, tokenIn, type ViewState} from './fragment'

test('a state survives the way through the address bar', () => {
  const states: readonly ViewState[] = [
    EMPTY_STATE,
    {
      range: [1.125, 2000],
      selection: {type: 'event', lane: 3, index: 41},
      collapsed: [2, 5],
      pinned: [7],
      search: 'a&b=c #é%',
      hidden: ['cpus', 'samples'],
      marks: [],
    },
    {
      ...EMPTY_STATE,
      selection: {type: 'range', start: 5, end: 9, tracks: [1, 2], lane: -1},
    },
    {...EMPTY_STATE, selection: {type: 'range', start: 5, end: 9, tracks: [], lane: 4}},
  ]
  for (const state of states) {
    deepEqual(parseFragment(formatFragment(state)), state)
  }
})

test('nonsense is as if it were not there', () => {
  for (const text of [
    '#t=5',
    '#t=9~1',
    '#t=x~y',
    '#e=1',
    '#r=1~2~3',
    '#c=-1~x',
    '#%%%',
    '#t=Infinity~1',
  ]) {
    deepEqual(parseFragment(text), EMPTY_STATE)
  }
})

test('only 32 hex digits are a token', () => {
  equal(tokenIn('#token=0123456789abcdef0123456789abcdef'), '0123456789abcdef0123456789abcdef')
  equal(tokenIn('#token=0123'), null)
  equal(tokenIn('#token=0123456789ABCDEF0123456789ABCDEF'), null)
})
