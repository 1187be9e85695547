// SPDX-License-Identifier: MIT
import {deepEqual, equal} from 'node:assert/strict'
import {test} from 'node:test'
import {amended, historyOf, redone, stepped, undone} from './history'

test('back and forward return the same steps', () => {
  const three = stepped(stepped(historyOf(1), 2), 3)
  equal(undone(three).present, 2)
  equal(undone(undone(three)).present, 1)
  deepEqual(redone(undone(three)), three)
})

test('at either end nothing happens', () => {
  const one = historyOf(1)
  equal(undone(one), one)
  equal(redone(one), one)
})

test('a new step forgets what lay ahead', () => {
  const forked = stepped(undone(stepped(historyOf(1), 2)), 9)
  equal(redone(forked).present, 9)
  equal(amended(forked, 10).present, 10)
})

test('the past is bounded', () => {
  let history = historyOf(0)
  for (let i = 1; i <= 1000; i++) {
    history = stepped(history, i)
  }
  equal(history.past.length, 200)
})
