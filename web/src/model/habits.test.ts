// SPDX-License-Identifier: MIT
import {equal} from 'node:assert/strict'
import {test} from 'node:test'
import {dragOf, HABITS, type HabitName} from './habits'

const plain = {button: 0, isShift: false, isControl: false, isSpace: false}

test('every habit can select, move and zoom by dragging', () => {
  for (const name of Object.keys(HABITS) as HabitName[]) {
    const habit = HABITS[name]
    const kinds = [plain, {...plain, isShift: true}, {...plain, isControl: true}].map(press =>
      dragOf(habit, press),
    )
    equal([...kinds].sort().join(), 'pan,select,zoom', name)
    equal(dragOf(habit, {...plain, isSpace: true}), 'pan')
  }
})

test('the right button moves everywhere, the middle one zooms as in Tracy', () => {
  equal(dragOf(HABITS.tracy, {...plain, button: 1}), 'zoom')
  equal(dragOf(HABITS.ctrace, {...plain, button: 2}), 'pan')
})
