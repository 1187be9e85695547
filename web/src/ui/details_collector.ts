// SPDX-License-Identifier: MIT
// What a collector told of an event: who collected, what the heap was, whom a pause interrupted.

import {formatDuration} from '../model/nanos'
import {formatBytes, formatCount, formatPlural, formatShare} from '../model/quantity'
import {nameOf, type Place, type Trace} from '../model/trace'
import type {CollectorFacts, EventAnswer, Waker} from '../wire/api'
import type {App} from './app'
import {el, traceText} from './dom'

type Row = readonly [label: string, value: Node | string]

function jump(app: App, content: Node | string, title: string, place: Place): HTMLElement {
  const made = el('button', {class: 'link', title}, content)
  made.type = 'button'
  made.addEventListener('click', () => app.selectEvent(place[0], place[1], true))
  return made
}

function threadText(label: string, tid: number): HTMLElement {
  return el('span', {}, traceText(label), el('span', {class: 'soft', text: ` ${tid}`}))
}

function whoRow(app: App, event: EventAnswer, facts: CollectorFacts): Row[] {
  if (facts.who === undefined || event.kind === 'span') {
    return []
  }
  const name = threadText(facts.who.label, facts.who.tid)
  const value =
    facts.span === undefined ? name : jump(app, name, 'Go to its work in its thread', facts.span)
  return [[event.kind === 'halt' ? 'By' : 'Collected by', value]]
}

/** `1.2 MiB`, with every digit where that says more. */
function bytesText(value: number): HTMLElement {
  const exact = value >= 1024 ? ` ${formatCount(value)}\u202fB` : ''
  return el('span', {}, formatBytes(value), el('span', {class: 'soft', text: exact}))
}

function heapRow(facts: CollectorFacts): Row[] {
  const {heap_before: before, heap_after: after} = facts
  if (before === undefined && after === undefined) {
    return []
  }
  if (before === undefined || after === undefined || before === after) {
    return [['Heap', bytesText(after ?? before ?? 0)]]
  }
  const change = after - before
  const sign = change < 0 ? '−' : '+'
  const text = ` ${sign}${formatBytes(Math.abs(change))}`
  return [
    [
      'Heap',
      el(
        'span',
        {},
        `${formatBytes(before)} → ${formatBytes(after)}`,
        el('span', {class: 'soft', text}),
      ),
    ],
  ]
}

function bytesRows(facts: CollectorFacts): Row[] {
  const rows: Row[] = []
  const live = facts.live ?? facts.cycle?.live
  const freed = facts.freed ?? facts.cycle?.freed
  if (live !== undefined) {
    rows.push(['Alive after', bytesText(live)])
  }
  if (freed !== undefined) {
    rows.push(['Freed', bytesText(freed)])
  }
  return rows
}

function cycleRow(app: App, trace: Trace, facts: CollectorFacts): Row[] {
  if (facts.cycle === undefined) {
    return []
  }
  const {place, name, duration} = facts.cycle
  const link = jump(app, traceText(nameOf(trace, name)), 'Go to the collection', place)
  const length = el('span', {class: 'soft', text: ` ${formatDuration(duration)}`})
  return [['In', el('span', {}, link, length)]]
}

function pausesRow(event: EventAnswer, facts: CollectorFacts): Row[] {
  if (facts.pauses === undefined) {
    return []
  }
  const {count, total} = facts.pauses
  const share = event.duration > 0 ? `, ${formatShare(total / event.duration)} of it` : ''
  const text =
    count === 0 ? 'none' : `${formatPlural(count, 'pause')}, ${formatDuration(total)}${share}`
  return [['World stopped', text]]
}

export function collectorRows(app: App, trace: Trace, event: EventAnswer): Row[] {
  const facts = event.collector
  return facts === undefined
    ? []
    : [
        ...whoRow(app, event, facts),
        ...cycleRow(app, trace, facts),
        ...pausesRow(event, facts),
        ...heapRow(facts),
        ...bytesRows(facts),
      ]
}

function interruptedItem(app: App, trace: Trace, one: Waker): HTMLElement {
  const name = threadText(one.label, one.tid)
  const doing = traceText(nameOf(trace, one.doing_name))
  const place = one.doing
  return el(
    'li',
    {},
    place === undefined ? doing : jump(app, doing, 'Go to what it was in', place),
    name,
  )
}

/** The threads that were in something when the world stopped; null: none, or it is no pause. */
export function interruptedPart(app: App, trace: Trace, event: EventAnswer): HTMLElement | null {
  const interrupted = event.collector?.interrupted ?? []
  if (interrupted.length === 0) {
    return null
  }
  const items = interrupted.map(one => interruptedItem(app, trace, one))
  return el('ul', {class: 'flows interrupted'}, ...items)
}
