// SPDX-License-Identifier: MIT
// What is selected: one event, or a range of time over some lanes, or nothing.

import type {Nanos} from './nanos'

export interface EventSelection {
  readonly type: 'event'
  readonly lane: number
  readonly index: number
}

export interface RangeSelection {
  readonly type: 'range'
  readonly start: Nanos
  readonly end: Nanos
  /** Empty: all of them. */
  readonly tracks: readonly number[]
  /** One lane only: what a click on merged events selects. -1: every lane of the tracks. */
  readonly lane: number
}

export type Selection = EventSelection | RangeSelection | null

export function isSameSelection(a: Selection, b: Selection): boolean {
  if (a === null || b === null || a.type !== b.type) {
    return a === b
  }
  if (a.type === 'event' && b.type === 'event') {
    return a.lane === b.lane && a.index === b.index
  }
  return JSON.stringify(a) === JSON.stringify(b)
}
