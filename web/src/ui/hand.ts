// SPDX-License-Identifier: MIT
// The chosen mouse habit; remembered.

import {HABITS, type Habit, type HabitName} from '../model/habits'
import {remember, remembered} from './memory'

export interface Habits {
  readonly name: () => HabitName
  readonly now: () => Habit
  readonly choose: (name: HabitName) => void
}

const KEY = 'ctrace.mouse'

function isHabit(name: string | null): name is HabitName {
  return name !== null && Object.hasOwn(HABITS, name)
}

export function makeHabits(): Habits {
  const stored = remembered(KEY)
  let name: HabitName = isHabit(stored) ? stored : 'ctrace'
  return {
    name: () => name,
    now: () => HABITS[name],
    choose: next => {
      name = next
      remember(KEY, next)
    },
  }
}
