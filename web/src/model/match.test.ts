// SPDX-License-Identifier: MIT
import {deepEqual, equal} from 'node:assert/strict'
import {test} from 'node:test'
import {matchRank, rankedBy} from './match'

test('the begin beats a word, a word beats the middle, together beats scattered', () => {
  deepEqual(
    ['go back', 'the go', 'cargo', 'grow on', 'no'].map(text => matchRank(text, 'GO')),
    [0, 1, 2, 3, -1],
  )
})

test('equals stay in their order, nothing wanted is everything', () => {
  const same = (text: string): string => text
  deepEqual(rankedBy(['b2', 'xb', 'b1'], 'b', same), ['b2', 'b1', 'xb'])
  equal(rankedBy(['a', 'b'], '', same).length, 2)
})
