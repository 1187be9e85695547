// SPDX-License-Identifier: MIT
import {deepEqual, equal} from 'node:assert/strict'
import {test} from 'node:test'
import {formatFragment, parseFragment, EMPTY_STATE} from './fragment'
import {MARKS_MAX, nextMark, parseMarks, withMark, type Mark} from './marks'

const at = (start: number, name = 'a'): Mark => ({start, end: start, name})

test('marks stand in the order of time, one at a place', () => {
  const marks = [at(5), at(1), at(3)].reduce<Mark[]>(withMark, [])
  deepEqual(
    marks.map(mark => mark.start),
    [1, 3, 5],
  )
  deepEqual(withMark(marks, at(3, 'new')), [at(1), at(3, 'new'), at(5)])
})

test('next and previous go around', () => {
  const marks = [at(1), at(3), at(5)]
  equal(nextMark(marks, 3, 1)?.start, 5)
  equal(nextMark(marks, 5, 1)?.start, 1)
  equal(nextMark(marks, 1, -1)?.start, 5)
  equal(nextMark([], 1, -1), null)
})

test('whatever a name holds comes back from the URL', () => {
  const names = ['slow one', 'a,b~c&d=e#f%20', '<b>', 'ü 🦊', '%', '']
  const marks = names.map((name, i) => ({start: i, end: i * 2, name}))
  const state = parseFragment(formatFragment({...EMPTY_STATE, marks}))
  deepEqual(state.marks, marks)
})

test('a fragment that makes no sense is no mark, and there are never too many', () => {
  deepEqual(parseMarks('x~y~z,5~1~back,~~,-1~2~a,1~2'), [])
  const many = Array.from({length: 3 * MARKS_MAX}, (_, i) => `${i}~${i}~m`).join(',')
  equal(parseMarks(many).length, MARKS_MAX)
})
