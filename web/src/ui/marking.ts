// SPDX-License-Identifier: MIT
// Setting marks, going from one to the next, naming and removing them.

import {isSameMark, nextMark, withMark, type Mark} from '../model/marks'
import {nameOf} from '../model/trace'
import {endOf} from '../model/viewport'
import type {App} from './app'
import {makeAsk} from './dialogs'

export interface Marking {
  /** The selection, else the moment under the pointer, else the middle of the view. */
  readonly add: () => void
  readonly addNamed: () => void
  readonly rename: (mark: Mark) => void
  readonly remove: (mark: Mark) => void
  readonly removeCurrent: () => void
  readonly goTo: (mark: Mark) => void
  readonly step: (direction: 1 | -1) => void
}

export function makeMarking(app: App): Marking {
  const ask = makeAsk('Name of the mark')

  const proposed = (): Mark => {
    const detail = app.detail()
    const trace = app.opened()?.trace
    if (detail !== null && trace !== undefined) {
      const name = nameOf(trace, detail.name)
      return {start: detail.start, end: detail.start + detail.duration, name}
    }
    const selection = app.selection()
    const name = `mark ${app.marks().length + 1}`
    if (selection?.type === 'range') {
      return {start: selection.start, end: selection.end, name}
    }
    const view = app.view()
    const limit = trace?.facts.duration ?? 0
    const moment = app.probe()?.time ?? (view.start + endOf(view)) / 2
    const time = Math.round(Math.max(0, Math.min(limit, moment)))
    return {start: time, end: time, name}
  }

  const put = (others: readonly Mark[], mark: Mark): void => {
    const marks = withMark(others, mark)
    const isIt = (one: Mark): boolean => one.start === mark.start && one.end === mark.end
    app.setMarks(marks, marks.find(isIt) ?? null)
  }
  const set = (mark: Mark): void => put(app.marks(), mark)

  const rename = (mark: Mark): void =>
    ask.open(mark.name, name => {
      const others = app.marks().filter(one => !isSameMark(one, mark))
      put(others, {...mark, name: name === '' ? mark.name : name})
    })

  const remove = (mark: Mark): void =>
    app.setMarks(
      app.marks().filter(one => !isSameMark(one, mark)),
      null,
    )

  const goTo = (mark: Mark): void => {
    app.setMarks(app.marks(), mark)
    const view = app.view()
    const isInSight = mark.start >= view.start && mark.end <= endOf(view)
    if (mark.end > mark.start && mark.end - mark.start > view.scale * view.width) {
      app.frameRange(mark.start, mark.end, 0.1)
    } else if (!isInSight) {
      app.setView({...view, start: (mark.start + mark.end) / 2 - (view.scale * view.width) / 2})
    }
  }

  return {
    add: () => set(proposed()),
    addNamed: () => {
      const mark = proposed()
      ask.open(mark.name, name => set({...mark, name: name === '' ? mark.name : name}))
    },
    rename,
    remove,
    removeCurrent: () => {
      const current = app.currentMark()
      if (current !== null) {
        remove(current)
      }
    },
    goTo,
    step: direction => {
      const view = app.view()
      const from = app.currentMark()?.start ?? (view.start + endOf(view)) / 2
      const mark = nextMark(app.marks(), from, direction)
      if (mark !== null) {
        goTo(mark)
      }
    },
  }
}
