// SPDX-License-Identifier: MIT
// The panel's page about one event: everything the trace knows of it.

import {formatDuration, formatExact, formatMoment, formatWall} from '../model/nanos'
import {formatAmount, formatCount, formatPlural, formatShare} from '../model/quantity'
import {formatMessage} from '../model/message'
import {sourcePath} from '../model/source_path'
import {isWait, wordsOf} from '../model/states'
import {nameOf, type Lane, type Place, type Trace, type Track} from '../model/trace'
import type {Argument, EventAnswer, Flow} from '../wire/api'
import type {App} from './app'
import {collectorRows, interruptedPart} from './details_collector'
import type {Asked} from './asked'
import {
  resultRow,
  sampleRows,
  stackPart,
  stateRows,
  turnRows,
  wakerPart,
  wokePart,
} from './details_kernel'
import {button, el, ICONS, icon, traceText} from './dom'
import {lockParts} from './lock_details'
import {looksPart} from './looks_part'

type Row = readonly [label: string, value: Node | string]

function table(rows: readonly Row[]): HTMLElement {
  const list = el('dl', {class: 'facts'})
  for (const [label, value] of rows) {
    list.append(el('dt', {text: label}), el('dd', {}, value))
  }
  return list
}

function section(title: string, ...children: readonly Node[]): HTMLElement {
  return el('section', {}, el('h3', {text: title}), ...children)
}

/** A duration as people say it, and every nanosecond of it when that says more. */
function exactDuration(value: number): HTMLElement {
  const brief = formatDuration(value)
  const whole = el('span', {class: 'strong', text: brief})
  return value < 1000
    ? whole
    : el('span', {}, whole, ' ', el('span', {class: 'soft', text: formatExact(value)}))
}

function link(text: string, title: string, onClick: () => void): HTMLElement {
  const made = el('button', {class: 'link', title, onClick}, traceText(text))
  made.type = 'button'
  return made
}

const KIND_WORDS: ReadonlyMap<string, string> = new Map([
  ['span', 'Span'],
  ['task', 'Task'],
  ['instant', 'Instant'],
  ['log', 'Log message'],
  ['counter', 'Counter sample'],
  ['gap', 'Lost events'],
  ['cpu', 'Turn on a CPU'],
  ['state', 'State of a thread'],
  ['sample', 'Sample'],
  ['cycle', 'Collection'],
  ['pause', 'Pause: the world stood still'],
  ['halt', 'Stopped by a collector'],
])

/** Categories that the kind says already. */
const CALL_WORDS: ReadonlyMap<string, string> = new Map([
  ['syscall', 'System call'],
  ['call', 'Library call'],
  ['gc', 'Work of a collector'],
])

function kindText(event: EventAnswer): string {
  const call = event.kind === 'span' ? CALL_WORDS.get(event.category ?? '') : undefined
  return call ?? KIND_WORDS.get(event.kind) ?? event.kind
}

function trackText(trace: Trace, track: Track | undefined): string {
  if (track === undefined) {
    return ''
  }
  const process = trace.trackById.get(track.parent)
  const id = track.kind === 'thread' ? ` (${track.tid})` : ''
  return `${track.label}${id}${process === undefined ? '' : ` · ${process.label}`}`
}

function timing(trace: Trace, event: EventAnswer): Row[] {
  const rows: Row[] = []
  const {duration: whole, wall_start_ns: wall} = trace.facts
  if (event.duration > 0 || event.kind === 'span' || event.kind === 'task') {
    rows.push(['Duration', exactDuration(event.duration)])
  }
  if (event.self !== undefined) {
    const share = event.duration > 0 ? ` · ${formatShare(event.self / event.duration)}` : ''
    rows.push([
      'Self time',
      el('span', {}, formatDuration(event.self), el('span', {class: 'soft', text: share})),
    ])
  }
  rows.push(['Start', el('span', {class: 'number', text: formatMoment(event.start, 1)})])
  const clock = formatWall(wall, event.start)
  if (clock !== '') {
    rows.push(['Wall clock', el('span', {class: 'number', text: clock})])
  }
  if (event.duration > 0 && whole > 0) {
    rows.push(['Of the trace', formatShare(event.duration / whole)])
  }
  return rows
}

function remarks(event: EventAnswer): HTMLElement[] {
  const said: string[] = []
  if (event.is_unfinished === true) {
    const isState = event.kind === 'state' || event.kind === 'cpu'
    said.push(
      isState ? 'It was so until the recording ended.' : 'Not finished when the recording ended.',
    )
  }
  if (event.began_before === true) {
    said.push('Began before the recording; its real start is not known.')
  }
  if (event.lost !== undefined) {
    said.push(
      `${formatPlural(event.lost.count, 'event')} of this thread lost: ${event.lost.reason}.`,
    )
  }
  return said.map(text => el('p', {class: 'remark', text}))
}

function argumentTable(args: readonly Argument[]): HTMLElement {
  const body = el('tbody')
  for (const argument of args) {
    body.append(
      el(
        'tr',
        {},
        el('th', {}, traceText(argument.name)),
        el('td', {class: argument.type === 'str' ? '' : 'number'}, traceText(argument.value)),
        el('td', {class: 'type', text: argument.type}),
      ),
    )
  }
  return el('table', {class: 'args'}, body)
}

function goTo(app: App, place: Place): () => void {
  return () => app.selectEvent(place[0], place[1], true)
}

function relations(app: App, trace: Trace, event: EventAnswer): Row[] {
  const rows: Row[] = []
  if (event.parent !== undefined) {
    rows.push(['Parent', link('go to parent', 'Alt+Up', goTo(app, event.parent))])
  }
  if (event.children !== undefined && event.children > 0) {
    const text = formatPlural(event.children, 'child', 'children')
    const first = event.first_child
    rows.push(['Children', first === undefined ? text : link(text, 'Alt+Down', goTo(app, first))])
  }
  const task = event.task
  if (task !== undefined) {
    const name = task.name === undefined ? 'task' : nameOf(trace, task.name)
    const text = `${name} #${task.id}`
    const known = task.lane !== undefined && task.index !== undefined && task.lane >= 0
    const target: Place = [task.lane ?? -1, task.index ?? 0]
    rows.push(['Task', known ? link(text, 'Go to the task', goTo(app, target)) : traceText(text)])
  }
  return rows
}

function flowRow(app: App, trace: Trace, event: EventAnswer, flow: Flow): HTMLElement {
  const isOut = flow.from.lane === event.lane && flow.from.index === event.index
  const other = isOut ? flow.to : flow.from
  const track = trace.trackById.get(trace.laneById.get(other.lane)?.track ?? -1)
  const label = `${isOut ? '→ to' : '← from'} ${track?.label ?? 'another thread'}`
  const row = link(
    label,
    isOut ? 'Follow ( ] )' : 'Go back ( [ )',
    goTo(app, [other.lane, other.index]),
  )
  const after = formatDuration(Math.abs(flow.to.time - flow.from.time))
  return el(
    'li',
    {},
    row,
    el('span', {class: 'soft', text: ` ${after} ${isOut ? 'later' : 'earlier'}`}),
  )
}

function steps(trace: Trace, event: EventAnswer): HTMLElement {
  const list = el('ol', {class: 'steps'})
  for (const step of event.steps ?? []) {
    const after = formatDuration(step.time - event.start)
    const track = trace.trackById.get(step.track)?.label ?? ''
    list.append(
      el(
        'li',
        {},
        traceText(nameOf(trace, step.name)),
        el('span', {class: 'soft', text: ` +${after} `}),
        traceText(track, 'soft'),
      ),
    )
  }
  return list
}

function site(event: EventAnswer): Row[] {
  const from = event.site
  if (from === undefined) {
    return []
  }
  const rows: Row[] = []
  if (from.file !== undefined) {
    const line = from.line === undefined || from.line === 0 ? '' : `:${from.line}`
    rows.push(['Source', traceText(`${sourcePath(from.file)}${line}`, 'mono')])
  }
  if (from.function !== undefined && from.function !== '') {
    rows.push(['Function', traceText(from.function, 'mono')])
  }
  return rows
}

function copyJson(event: EventAnswer, onDone: (text: string) => void): void {
  const events = event.chrome ?? []
  const text = JSON.stringify(events.length === 1 ? events[0] : events, null, 2)
  navigator.clipboard.writeText(text).then(
    () => onDone('Copied'),
    () => onDone('The browser did not allow it'),
  )
}

function actions(app: App, event: EventAnswer): HTMLElement {
  const bar = el('div', {class: 'actions'})
  bar.append(button('Zoom to it', 'F', () => app.focusSelection()))
  const copy = el(
    'button',
    {title: 'Copy as a Chrome trace event', class: 'with-icon'},
    icon(ICONS.copy),
  )
  const label = el('span', {text: 'Copy JSON'})
  copy.append(label)
  copy.addEventListener('click', () =>
    copyJson(event, text => {
      label.textContent = text
      window.setTimeout(() => (label.textContent = 'Copy JSON'), 1600)
    }),
  )
  if ((event.chrome ?? []).length > 0) {
    bar.append(copy)
  }
  return bar
}

/** Their arguments are the kernel's own record, said better elsewhere on the page. */
const KERNEL_KINDS = new Set<string>(['state', 'cpu', 'sample'])

function titleOf(trace: Trace, event: EventAnswer, name: string): string {
  if (event.kind === 'log') {
    return formatMessage(name, event.args ?? [])
  }
  if (event.state === undefined) {
    return name
  }
  const {state, call} = event.state
  const where = call !== undefined && isWait(state) ? ` in ${nameOf(trace, call.name)}` : ''
  return `${wordsOf(state).short}${where}`
}

/** What is particular to the kind of event, above what all have. */
function particulars(app: App, trace: Trace, event: EventAnswer): Row[] {
  return [
    ...(event.result === undefined ? [] : [resultRow(event.result)]),
    ...(event.state === undefined ? [] : stateRows(app, trace, event.state)),
    ...turnRows(app, event),
    ...sampleRows(event),
    ...collectorRows(app, trace, event),
  ]
}

/** Sections of what the kernel tells. */
function kernelSections(app: App, trace: Trace, event: EventAnswer): HTMLElement[] {
  const sections: HTMLElement[] = []
  const waker = event.state?.waker
  if (waker !== undefined) {
    const title = isWait(event.state?.state ?? '') ? 'Who ended it' : 'Woken by'
    sections.push(section(title, wakerPart(app, trace, event, waker)))
  }
  if (event.state !== undefined) {
    const looks = looksPart(event.state, event.start, 'sleep')
    sections.push(...(looks.length > 0 ? [section('Where it slept', ...looks)] : []))
  }
  if (event.lock !== undefined) {
    const parts = lockParts(app, trace, event, event.lock)
    sections.push(...parts.map(([heading, part]) => section(heading, ...part)))
  }
  if (event.sample !== undefined) {
    sections.push(section('Stack', stackPart(event.sample.frames)))
  }
  const interrupted = interruptedPart(app, trace, event)
  if (interrupted !== null) {
    sections.push(section('What it interrupted', interrupted))
  }
  const woke = event.woke ?? []
  if (woke.length > 0) {
    sections.push(section(`Woke (${formatCount(woke.length)})`, wokePart(app, event, woke)))
  }
  return sections
}

/** Its points are made from many events: none of them is one to search for. */
function isMemory(trace: Trace, event: EventAnswer): boolean {
  return trace.laneById.get(event.lane)?.step !== undefined
}

function thinning(lane: Lane): string {
  const step = lane.step ?? 0
  if (lane.unit === 'bytes/s') {
    return `the mean of each ${formatDuration(step)}`
  }
  return step > 0 ? `lowest, highest and last of each ${formatDuration(step)}` : 'every change'
}

function amount(lane: Lane | undefined, value: number): Row[] {
  const unit = lane?.unit
  const rows: Row[] = [['Value', el('span', {class: 'strong', text: formatAmount(value, unit)})]]
  if (unit === 'bytes' && value >= 1024) {
    rows.push(['In bytes', el('span', {class: 'number', text: formatCount(value)})])
  }
  if (lane?.step !== undefined) {
    rows.push(['Shown', thinning(lane)])
  }
  if (lane?.is_estimate === true) {
    rows.push(['Precision', 'estimated, by a sample'])
  }
  return rows
}

export function eventPage(
  app: App,
  trace: Trace,
  event: EventAnswer,
  parts: readonly (readonly [string, Asked])[],
  onSameName: (text: string) => void,
): HTMLElement {
  const name = event.kind === 'gap' ? 'Lost events' : nameOf(trace, event.name)
  const title = titleOf(trace, event, name)
  const head = el(
    'header',
    {},
    el('div', {class: 'kind'}, isMemory(trace, event) ? 'Memory' : kindText(event)),
    el('h2', {}, traceText(title)),
  )
  const category = event.category ?? ''
  if (category !== '' && !CALL_WORDS.has(category)) {
    head.firstElementChild?.append(' · ', traceText(category))
  }
  const rows: Row[] = [...particulars(app, trace, event), ...timing(trace, event)]
  if (event.kind === 'log' && title !== name) {
    rows.unshift(['Format', traceText(name, 'mono')])
  }
  if (event.value !== undefined) {
    rows.unshift(...amount(trace.laneById.get(event.lane), event.value))
  }
  if (event.turn === undefined) {
    const track = trace.trackById.get(event.track)
    const word = track?.kind === 'thread' ? 'Thread' : 'Track'
    rows.push([word, traceText(trackText(trace, track))])
  }
  rows.push(...site(event))
  const page = el('div', {class: 'page'}, head, ...remarks(event), actions(app, event), table(rows))
  const related = relations(app, trace, event)
  const isFound = event.kind !== 'gap' && event.kind !== 'state' && !isMemory(trace, event)
  if (event.name !== undefined && isFound) {
    related.push(['Same name', link('highlight all like this', 'H', () => onSameName(name))])
  }
  if ((event.args ?? []).length > 0 && !KERNEL_KINDS.has(event.kind)) {
    page.append(section('Arguments', argumentTable(event.args ?? [])))
  }
  page.append(...kernelSections(app, trace, event))
  page.append(...parts.map(([title, part]) => section(title, part.root)))
  if (related.length > 0) {
    page.append(section('Related', table(related)))
  }
  const flows = event.flows ?? []
  if (flows.length > 0) {
    const list = el('ul', {class: 'flows'}, ...flows.map(flow => flowRow(app, trace, event, flow)))
    page.append(section(`Flows (${formatCount(flows.length)})`, list))
  }
  if ((event.steps ?? []).length > 0) {
    page.append(section('Steps', steps(trace, event)))
  }
  return page
}
