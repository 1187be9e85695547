// SPDX-License-Identifier: MIT
// What the mouse does, for hands that learned another tool. Modifiers mean the same in all of them.

/** How much a turn of the wheel zooms: of the scale's logarithm, for each pixel that it would scroll. */
export const WHEEL_ZOOM = 0.0022

export type DragKind = 'select' | 'pan' | 'zoom'

export interface Habit {
  readonly title: string
  readonly text: string
  /** Plain drags. */
  readonly left: DragKind
  readonly middle: DragKind
  readonly right: DragKind
  readonly withShift: DragKind
  readonly wheel: 'scroll' | 'zoom'
}

export type HabitName = 'ctrace' | 'tracy' | 'firefox'

export const HABITS: Readonly<Record<HabitName, Habit>> = {
  ctrace: {
    title: 'As Perfetto',
    text: 'drag selects, Shift + drag moves, the wheel scrolls',
    left: 'select',
    middle: 'pan',
    right: 'pan',
    withShift: 'pan',
    wheel: 'scroll',
  },
  tracy: {
    title: 'As Tracy',
    text: 'drag measures, right moves, middle zooms, the wheel zooms',
    left: 'select',
    middle: 'zoom',
    right: 'pan',
    withShift: 'pan',
    wheel: 'zoom',
  },
  firefox: {
    title: 'As Firefox Profiler, speedscope',
    text: 'drag moves, Shift + drag selects, the wheel scrolls',
    left: 'pan',
    middle: 'pan',
    right: 'pan',
    withShift: 'select',
    wheel: 'scroll',
  },
}

export interface Press {
  readonly button: number
  readonly isShift: boolean
  readonly isControl: boolean
  readonly isSpace: boolean
}

/** What a drag that begins so does. */
export function dragOf(habit: Habit, press: Press): DragKind {
  if (press.button !== 0) {
    return press.button === 1 ? habit.middle : habit.right
  }
  if (press.isSpace) {
    return 'pan'
  }
  if (press.isControl) {
    return 'zoom'
  }
  return press.isShift ? habit.withShift : habit.left
}
