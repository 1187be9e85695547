// SPDX-License-Identifier: MIT
// Back and forward through views: a list with a place in it.

/** Enough to find back from anywhere one has been this afternoon. */
const DEPTH_MAX = 200

export interface History<T> {
  readonly past: readonly T[]
  readonly present: T
  readonly future: readonly T[]
}

export function historyOf<T>(present: T): History<T> {
  return {past: [], present, future: []}
}

/** A new step. What lay ahead is gone, as in a browser. */
export function stepped<T>(history: History<T>, next: T): History<T> {
  return {past: [...history.past, history.present].slice(-DEPTH_MAX), present: next, future: []}
}

/** The same step, looked at differently. */
export function amended<T>(history: History<T>, present: T): History<T> {
  return {...history, present}
}

export function undone<T>(history: History<T>): History<T> {
  const last = history.past[history.past.length - 1]
  if (last === undefined) {
    return history
  }
  return {
    past: history.past.slice(0, -1),
    present: last,
    future: [history.present, ...history.future],
  }
}

export function redone<T>(history: History<T>): History<T> {
  const next = history.future[0]
  if (next === undefined) {
    return history
  }
  return {past: [...history.past, history.present], present: next, future: history.future.slice(1)}
}
