// SPDX-License-Identifier: MIT
// Where the wall time of a span or of a stretch of a thread went: a bar, a table, the longest waits.

import {briefName} from '../model/function_name'
import {formatDuration, formatFigure} from '../model/nanos'
import {formatCount, formatShare} from '../model/quantity'
import {nameOf, type Place, type Trace} from '../model/trace'
import type {SplitAnswer, SplitPart, SplitWait} from '../wire/api'
import {stateSwatches, type StateSwatches} from '../draw/state_colours'
import type {App} from './app'
import {el, traceText} from './dom'
import {makeTable, type Column} from './table'

/** Waits that are listed at once. */
const WAITS_SHOWN = 8

/** By what the server calls a part; a map, for a part may be called `constructor`. */
const PART_WORDS: ReadonlyMap<string, string> = new Map([
  ['running', 'Running'],
  ['runnable', 'Waiting for a CPU'],
  ['call', 'Call'],
  ['lock', 'Lock'],
  ['sleeping', 'Sleeping'],
  ['stopped', 'Stopped'],
  ['dead', 'Ended'],
])

export function partName(trace: Trace, part: {part: string; name?: number}): string {
  const word = PART_WORDS.get(part.part) ?? 'Not known'
  return part.name === undefined ? word : nameOf(trace, part.name)
}

/** Which colour of the state strip a part has: calls and locks are waits. */
function lookOf(part: string): keyof StateSwatches {
  switch (part) {
    case 'running':
    case 'runnable':
    case 'stopped':
      return part
    case 'call':
    case 'lock':
    case 'sleeping':
      return 'sleeping'
    case 'dead':
      return 'ended'
    default:
      return 'unknown'
  }
}

/** Calls and locks in the colours that they have among the spans, the rest in those of the strip. */
function swatch(app: App, part: SplitPart, className: string): HTMLElement {
  const look = lookOf(part.part)
  const made = el('span', {class: `${className} part-${look}`})
  const named = part.name === undefined ? undefined : app.scene()?.colours.of(part.name)
  const {fill, edge} = named ?? stateSwatches(app.theme().isDark)[look]
  made.style.backgroundColor = fill
  made.style.borderColor = edge
  return made
}

/** Parts side by side, as wide as their share. */
export function splitBar(
  app: App,
  trace: Trace,
  parts: readonly SplitPart[],
  whole: number,
): HTMLElement {
  const bar = el('div', {class: 'split-bar', role: 'img'})
  const said: string[] = []
  for (const part of parts) {
    const piece = swatch(app, part, 'piece')
    const text = `${partName(trace, part)} ${formatShare(part.total / Math.max(whole, 1))}`
    piece.style.flexGrow = String(part.total / Math.max(whole, 1))
    piece.title = `${text}, ${formatDuration(part.total)}`
    said.push(text)
    bar.append(piece)
  }
  bar.setAttribute('aria-label', said.join(', '))
  return bar
}

function jump(app: App, content: Node | string, place: Place): HTMLElement {
  const made = el('button', {class: 'link', title: 'Go there'}, content)
  made.type = 'button'
  made.addEventListener('click', () => app.selectEvent(place[0], place[1], true))
  return made
}

function kindOf(part: {part: string; category?: string}): string {
  if (part.part === 'lock') {
    return 'lock'
  }
  if (part.part !== 'call') {
    return ''
  }
  return part.category === 'syscall' ? 'system call' : 'library call'
}

function partTable(app: App, trace: Trace, answer: SplitAnswer): HTMLElement {
  const column = (
    title: string,
    hint: string,
    value: (part: SplitPart) => number,
    cell: (part: SplitPart) => Node | string,
  ): Column<SplitPart> => ({title, hint, isNumber: true, value, cell})
  const share = (part: SplitPart): number => part.total / Math.max(answer.duration, 1)
  const columns: readonly Column<SplitPart>[] = [
    {
      title: 'What',
      hint: 'Sort by name',
      isNumber: false,
      value: part => partName(trace, part),
      cell: part => {
        const name = traceText(partName(trace, part))
        const text = part.longest === undefined ? name : jump(app, name, part.longest)
        const kind = el('span', {class: 'faint', text: kindOf(part)})
        return el('div', {class: 'cell'}, swatch(app, part, 'dot'), text, kind)
      },
    },
    column(
      'Total',
      'Time of the whole',
      part => part.total,
      part => formatFigure(part.total),
    ),
    column('Share', 'Of the whole', share, part => formatShare(share(part))),
    column(
      'Count',
      'How often',
      part => part.count,
      part => formatCount(part.count),
    ),
  ]
  return makeTable(columns, answer.parts, 1).root
}

/** The function of the program's that the thread slept in. */
function sleptIn({slept_in: frame}: SplitWait): readonly Node[] {
  const name = frame?.function ?? ''
  return name === ''
    ? []
    : [el('span', {class: 'faint', text: ' in '}), traceText(briefName(name), 'mono')]
}

function waitItem(app: App, trace: Trace, answer: SplitAnswer, wait: SplitWait): HTMLElement {
  const name = el('span', {}, traceText(partName(trace, wait)), ...sleptIn(wait))
  const after = formatDuration(Math.max(0, wait.start - answer.start))
  return el(
    'li',
    {},
    el('span', {class: 'number', text: formatDuration(wait.duration)}),
    jump(app, name, wait.place),
    el('span', {class: 'soft', text: `at +${after}`}),
  )
}

function remarks(answer: SplitAnswer): HTMLElement[] {
  const said: string[] = []
  if (answer.has_states === false) {
    said.push(
      'The trace does not say when the thread ran: time in calls that may block is theirs, the rest is not known.',
    )
  }
  const estimate = answer.run_queue_estimate ?? 0
  if (estimate > 0) {
    said.push(
      `Of the waits, about ${formatDuration(estimate)} was waiting for a CPU (an estimate).`,
    )
  }
  return said.map(text => el('p', {class: 'remark', text}))
}

export function splitPart(app: App, trace: Trace, answer: SplitAnswer): HTMLElement {
  const root = el('div', {class: 'split'}, ...remarks(answer))
  if (answer.parts.length === 0) {
    root.append(el('p', {class: 'soft', text: 'Nothing is known of the thread here.'}))
    return root
  }
  root.append(
    splitBar(app, trace, answer.parts, answer.duration),
    el('div', {class: 'scroll'}, partTable(app, trace, answer)),
  )
  const waits = answer.waits.slice(0, WAITS_SHOWN)
  if (waits.length > 0) {
    const items = waits.map(wait => waitItem(app, trace, answer, wait))
    root.append(el('h4', {text: 'Longest waits'}), el('ol', {class: 'waits'}, ...items))
  }
  return root
}
