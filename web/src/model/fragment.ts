// SPDX-License-Identifier: MIT
// The view's state in the URL's fragment: short, readable, and forgiving when somebody edits it.

import {formatLayers, parseLayers, type Layer} from './layers'
import {formatMarks, parseMarks, type Mark} from './marks'
import type {Nanos} from './nanos'
import type {Selection} from './selection'

export interface ViewState {
  /** null: the whole trace. */
  readonly range: readonly [start: Nanos, end: Nanos] | null
  readonly selection: Selection
  readonly collapsed: readonly number[]
  readonly pinned: readonly number[]
  readonly search: string
  readonly hidden: readonly Layer[]
  readonly marks: readonly Mark[]
}

export const EMPTY_STATE: ViewState = {
  range: null,
  selection: null,
  collapsed: [],
  pinned: [],
  search: '',
  hidden: [],
  marks: [],
}

function numbersIn(text: string | null): number[] | null {
  if (text === null) {
    return null
  }
  const numbers = text.split(/[,~]/).map(part => (part === '' ? NaN : Number(part)))
  return numbers.every(Number.isFinite) ? numbers : null
}

function idsIn(text: string | null): number[] {
  return (numbersIn(text) ?? []).filter(id => Number.isInteger(id) && id >= 0)
}

function selectionIn(parameters: URLSearchParams): Selection {
  const event = numbersIn(parameters.get('e'))
  if (event !== null && event.length === 2) {
    return {type: 'event', lane: event[0], index: event[1]}
  }
  const range = numbersIn(parameters.get('r'))
  if (range !== null && range.length === 2 && range[0] < range[1]) {
    const lane = numbersIn(parameters.get('l'))
    return {
      type: 'range',
      start: range[0],
      end: range[1],
      tracks: idsIn(parameters.get('in')),
      lane: lane !== null && lane.length === 1 ? lane[0] : -1,
    }
  }
  return null
}

/** What a fragment says; parts that make no sense are as if they were not there. */
export function parseFragment(fragment: string): ViewState {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''))
  const range = numbersIn(parameters.get('t'))
  return {
    range:
      range !== null && range.length === 2 && range[0] < range[1] ? [range[0], range[1]] : null,
    selection: selectionIn(parameters),
    collapsed: idsIn(parameters.get('c')),
    pinned: idsIn(parameters.get('p')),
    search: parameters.get('q') ?? '',
    hidden: parseLayers(parameters.get('h') ?? ''),
    marks: parseMarks(parameters.get('m') ?? ''),
  }
}

function selectionParts(selection: Selection): string[] {
  if (selection === null) {
    return []
  }
  if (selection.type === 'event') {
    return [`e=${selection.lane}~${selection.index}`]
  }
  const parts = [`r=${Math.round(selection.start)}~${Math.round(selection.end)}`]
  if (selection.tracks.length > 0) {
    parts.push(`in=${selection.tracks.join('~')}`)
  }
  if (selection.lane >= 0) {
    parts.push(`l=${selection.lane}`)
  }
  return parts
}

/** Nanoseconds with at most three decimals: enough at every zoom, and short. */
function brief(value: Nanos): string {
  return String(Math.round(value * 1000) / 1000)
}

export function formatFragment(state: ViewState): string {
  const parts: string[] = []
  if (state.range !== null) {
    parts.push(`t=${brief(state.range[0])}~${brief(state.range[1])}`)
  }
  parts.push(...selectionParts(state.selection))
  if (state.collapsed.length > 0) {
    parts.push(`c=${state.collapsed.join('~')}`)
  }
  if (state.pinned.length > 0) {
    parts.push(`p=${state.pinned.join('~')}`)
  }
  if (state.search !== '') {
    parts.push(`q=${encodeURIComponent(state.search)}`)
  }
  if (state.hidden.length > 0) {
    parts.push(`h=${formatLayers(state.hidden)}`)
  }
  if (state.marks.length > 0) {
    parts.push(`m=${encodeURIComponent(formatMarks(state.marks))}`)
  }
  return parts.length === 0 ? '' : `#${parts.join('&')}`
}

/** The token the printed URL brings, if it is there. */
export function tokenIn(fragment: string): string | null {
  const token = new URLSearchParams(fragment.replace(/^#/, '')).get('token')
  return token !== null && /^[0-9a-f]{32}$/.test(token) ? token : null
}
