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
import {sourceFold} from './sources'

/** Above this, the totals of the whole trace wait until somebody asks. */
const WHOLE_EVENTS_MAX = 30e6

/** Of what the recorder says of itself and the machine, what is always seen. */
const FIRST_META = new Set(['command', 'ended', 'snapshot', 'left_out'])

type Fact = readonly [label: Node | string, value: Node | string]

function list(facts: readonly Fact[]): HTMLElement {
  const items = facts.flatMap(([label, value]) => [el('dt', {}, label), el('dd', {}, value)])
  return el('dl', {class: 'facts'}, ...items)
}

function metaFact([key, value]: readonly [string, string]): Fact {
  // The command's words end in NULs, as in /proc.
  const text = key === 'command' ? value.replace(/\0$/, '').replaceAll('\0', ' ') : value
  return [traceText(key), traceText(text)]
}

function factLists(trace: Trace): readonly HTMLElement[] {
  const {facts} = trace
  const isFirst = ([key]: readonly [string, string]): boolean => FIRST_META.has(key)
  const more = facts.meta.filter(row => !isFirst(row))
  const first = list([
    ['Recorded', formatDuration(facts.duration)],
    ['Events', formatCount(facts.events)],
    ['Lost', facts.lost === 0 ? 'none' : formatCount(facts.lost)],
    ['File', formatBytes(facts.bytes)],
    ...facts.meta.filter(isFirst).map(metaFact),
  ])
  const rest = list([['Clock', facts.clock], ...more.map(metaFact)])
  const summary = el('summary', {}, el('span', {text: 'Clock, recorder and machine'}))
  return [first, el('details', {class: 'fold'}, summary, rest)]
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
    ...factLists(trace),
    ...(trace.sources.length === 0 ? [] : [sources, sourceFold(trace.sources)]),
    marks,
    el('h3', {text: 'The whole trace'}),
    part.root,
  )
  return {root, part}
}
