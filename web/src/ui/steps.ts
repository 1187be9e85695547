// SPDX-License-Identifier: MIT
// Views one can go back to: a view that rests is a step of the page's list and of the browser's, and
// the address always says what is seen.

import {EMPTY_STATE, formatFragment, type ViewState} from '../model/fragment'
import {amended, historyOf, redone, stepped, undone, type History} from '../model/history'

/** A view that rests this long is a step one can go back to. */
const SETTLE_MS = 450

export interface Steps {
  readonly canGo: (direction: 1 | -1) => boolean
  readonly go: (direction: 1 | -1) => void
  /** `isKnown`: the browser's own back or forward brought this state, its list has it already. */
  readonly settle: (isKnown: boolean) => void
  readonly settleSoon: () => void
  /** A new list, from what is seen now. */
  readonly begin: () => void
}

export interface Stepper {
  /** What is seen now. */
  readonly state: () => ViewState
  readonly restore: (state: ViewState) => void
  /** There is another way back or forward. */
  readonly onStep: () => void
}

/** Marks are no step: going back to an earlier view keeps them. */
function stepText(of: ViewState): string {
  return formatFragment({...of, marks: []})
}

export function makeSteps({state, restore, onStep}: Stepper): Steps {
  let history: History<ViewState> = historyOf(EMPTY_STATE)
  let timer = 0

  /** What changed so far needs no step of its own. */
  const rest = (): void => {
    window.clearTimeout(timer)
    timer = 0
  }

  const settle = (isKnown: boolean): void => {
    rest()
    const next = state()
    const isNew = stepText(next) !== stepText(history.present)
    const url = formatFragment(next) || location.pathname
    if (isNew) {
      history = stepped(history, next)
      onStep()
    }
    if (isNew && !isKnown) {
      window.history.pushState(null, '', url)
    } else {
      window.history.replaceState(null, '', url)
    }
  }

  return {
    canGo: direction => (direction < 0 ? history.past.length > 0 : history.future.length > 0),
    go: direction => {
      if (timer !== 0) {
        settle(false)
      }
      const next = direction < 0 ? undone(history) : redone(history)
      if (next !== history) {
        history = next
        restore(next.present)
        rest()
        history = amended(history, state())
        window.history.replaceState(null, '', formatFragment(state()) || location.pathname)
        onStep()
      }
    },
    settle,
    settleSoon: () => {
      window.clearTimeout(timer)
      timer = window.setTimeout(() => settle(false), SETTLE_MS)
    },
    begin: () => {
      rest()
      history = historyOf(state())
    },
  }
}
