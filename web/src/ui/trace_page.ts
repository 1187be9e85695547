// SPDX-License-Identifier: MIT
// The panel while nothing is selected: what was recorded, by what, and where all the time went.

import {formatDuration} from '../model/nanos'
import {formatBytes, formatCount} from '../model/quantity'
import type {RangeSelection} from '../model/selection'
import type {Trace, Track} from '../model/trace'
import type {App} from './app'
import type {Asked} from './asked'
import {button, el, traceText} from './dom'
import {rangeTabs, tabsOf} from './range_tabs'
import type {Results} from './results'
import {sourceList} from './sources'

/** Above this, the totals of the whole trace wait until somebody asks. */
const WHOLE_EVENTS_MAX = 30e6

function factList(trace: Trace): HTMLElement {
  const {facts} = trace
  const list = el('dl', {class: 'facts'})
  const add = (label: Node | string, value: Node | string): void =>
    list.append(el('dt', {}, label), el('dd', {}, value))
  add('Recorded', formatDuration(facts.duration))
  add('Events', formatCount(facts.events))
  add('Lost', facts.lost === 0 ? 'none' : formatCount(facts.lost))
  add('File', formatBytes(facts.bytes))
  add('Clock', facts.clock)
  for (const [key, value] of facts.meta) {
    // The command's words end in NULs, as in /proc.
    const text = key === 'command' ? value.replace(/\0$/, '').replaceAll('\0', ' ') : value
    add(traceText(key), traceText(text))
  }
  return list
}

/** Totals of all spans: at once, or when somebody asks. */
function totals(trace: Trace, threads: readonly Track[], answer: Results): Asked {
  const {facts} = trace
  const run = (): void =>
    answer.ask({start: 0, end: facts.duration + 1, lanes: [], tracks: threads})
  if (facts.events === 0) {
    answer.root.append(el('p', {class: 'soft', text: 'Nothing was recorded.'}))
  } else if (facts.events <= WHOLE_EVENTS_MAX) {
    run()
  } else {
    answer.root.append(button('Count all spans by name', 'May take some seconds', run))
  }
  return answer
}

/** Tabs as of a range; of very many events those that are asked for without a limit of two seconds. */
function wholePart(app: App, trace: Trace, makeAnswer: () => Results): Asked {
  const threads = trace.tracks.filter(track => track.kind === 'thread')
  const spans = (): Asked => totals(trace, threads, makeAnswer())
  const isFew = trace.facts.events <= WHOLE_EVENTS_MAX
  const tabs = tabsOf(trace, threads).filter(tab => isFew || tab === 'spans' || tab === 'memory')
  const end = trace.facts.duration
  const range: RangeSelection = {type: 'range', start: 0, end, tracks: [], lane: -1}
  return tabs.length > 1 ? rangeTabs(app, trace, range, threads, spans, tabs) : spans()
}

export function tracePage(
  app: App,
  trace: Trace,
  marks: Node,
  makeAnswer: () => Results,
): {readonly root: HTMLElement; readonly part: Asked} {
  const head = el(
    'header',
    {},
    el('div', {class: 'kind', text: 'Trace'}),
    el('h2', {}, traceText(trace.facts.name)),
  )
  const sources = el('h3', {text: 'Where events come from'})
  const part = wholePart(app, trace, makeAnswer)
  const root = el(
    'div',
    {class: 'page'},
    head,
    factList(trace),
    ...(trace.sources.length === 0 ? [] : [sources, sourceList(trace.sources)]),
    marks,
    el('h3', {text: 'The whole trace'}),
    part.root,
  )
  return {root, part}
}
