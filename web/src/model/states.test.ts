// SPDX-License-Identifier: MIT
import {deepEqual, equal} from 'node:assert/strict'
import {test} from 'node:test'
import {isWait, STATES, wordsOf} from './states'

test('every state has words of its own', () => {
  equal(new Set(STATES.map(state => wordsOf(state).long)).size, STATES.length)
})

test('a state nobody knows is unknown, whatever it is called', () => {
  for (const state of ['constructor', '__proto__', '', 'dreaming']) {
    equal(wordsOf(state).look, 'unknown')
  }
})

test('waits are what a wake-up ends', () => {
  deepEqual(STATES.filter(isWait), ['sleeping', 'uninterruptible', 'blocked'])
})
