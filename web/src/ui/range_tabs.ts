// SPDX-License-Identifier: MIT
// What to see of a range: totals of its spans, where its threads' time went, its samples. The
// choice stays from range to range.

import type {RangeSelection} from '../model/selection'
import type {Trace, Track} from '../model/trace'
import type {App} from './app'
import type {Asked} from './asked'
import {button, el, traceText} from './dom'
import {heapTab, memoryPids} from './heap_part'
import {hasStates, splitOf, threadSplits} from './kernel_parts'
import {locksOf, mayHaveLocks} from './locks_part'
import {hasPauses, pausesPart} from './pauses_part'
import {profileOf, sidesOf} from './profile_part'

export type RangeTab = 'spans' | 'split' | 'samples' | 'memory' | 'locks' | 'pauses'

const TITLES: Readonly<Record<RangeTab, string>> = {
  spans: 'Spans',
  split: 'Time',
  samples: 'Samples',
  memory: 'Memory',
  locks: 'Locks',
  pauses: 'Pauses',
}

let chosen: RangeTab = 'spans'

export interface RangeTabs {
  readonly root: HTMLElement
  readonly cancel: () => void
}

/** The tabs that a range of these threads has something to show in. */
export function tabsOf(trace: Trace, tracks: readonly Track[]): RangeTab[] {
  const tabs: RangeTab[] = ['spans']
  if (tracks.some(track => hasStates(trace, track.id))) {
    tabs.push('split')
  }
  if (sidesOf(trace, tracks).length > 0) {
    tabs.push('samples')
  }
  if (memoryPids(trace, tracks).length > 0) {
    tabs.push('memory')
  }
  if (mayHaveLocks(trace)) {
    tabs.push('locks')
  }
  if (tracks.length > 0 && hasPauses(trace)) {
    tabs.push('pauses')
  }
  return tabs
}

function profileOfRange(
  app: App,
  trace: Trace,
  range: RangeSelection,
  tracks: readonly Track[],
): Asked {
  const sampled = tracks.filter(track => sidesOf(trace, [track]).length > 0)
  const {start, end} = range
  const isAll = range.tracks.length === 0
  const root = el('div')
  let asked: Asked | null = null
  const show = (track: number): void => {
    asked?.cancel()
    const whose = track < 0 ? sampled : [trace.trackById.get(track)]
    asked = profileOf(app, {track, start, end}, sidesOf(trace, whose))
    place.replaceChildren(asked.root)
  }
  const choice = el('select', {label: 'Samples of which thread'})
  const option = (value: number, text: string): void => {
    const made = el('option', {}, traceText(text))
    made.value = String(value)
    choice.append(made)
  }
  if (isAll && sampled.length > 1) {
    option(-1, 'All threads')
  }
  sampled.forEach(track => option(track.id, track.label))
  choice.addEventListener('change', () => show(Number(choice.value)))
  const place = el('div')
  root.append(...(sampled.length > 1 ? [choice] : []), place)
  show(Number(choice.value))
  return {root, cancel: () => asked?.cancel()}
}

/** `spans` makes the tables of spans, when they are wanted. */
export function rangeTabs(
  app: App,
  trace: Trace,
  range: RangeSelection,
  tracks: readonly Track[],
  spans: () => Asked,
  tabs = tabsOf(trace, tracks),
): RangeTabs {
  const root = el('div')
  let asked: Asked | null = null

  const content = (tab: RangeTab): Asked => {
    const {start, end} = range
    if (tab === 'pauses') {
      return pausesPart(app, trace, range, tracks)
    }
    if (tab === 'samples') {
      return profileOfRange(app, trace, range, tracks)
    }
    if (tab === 'locks') {
      return locksOf(app, trace, range, tracks)
    }
    if (tab === 'memory') {
      return heapTab(app, trace, tracks, {start, end, isAll: range.tracks.length === 0})
    }
    if (tab === 'spans') {
      return spans()
    }
    const known = tracks.filter(track => hasStates(trace, track.id))
    return known.length === 1
      ? splitOf(app, trace, {track: known[0].id, start, end})
      : threadSplits(app, trace, known, {start, end}, track =>
          app.select({...range, tracks: [track.id], lane: -1}),
        )
  }

  const show = (tab: RangeTab, isFocused: boolean): void => {
    asked?.cancel()
    asked = content(tab)
    const bar = el('div', {class: 'tabs', role: 'group', label: 'Of this range'})
    for (const one of tabs) {
      const made = button(TITLES[one], '', () => {
        chosen = one
        show(one, true)
      })
      made.classList.toggle('on', one === tab)
      made.setAttribute('aria-pressed', String(one === tab))
      bar.append(made)
    }
    root.replaceChildren(...(tabs.length > 1 ? [bar] : []), asked.root)
    if (isFocused) {
      bar.querySelector<HTMLElement>('.on')?.focus()
    }
  }
  show(tabs.includes(chosen) ? chosen : 'spans', false)
  return {root, cancel: () => asked?.cancel()}
}
