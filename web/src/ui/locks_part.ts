// SPDX-License-Identifier: MIT
// Locks of a range: threads that wait for each other for ever, the locks that cost most, each with its
// longest waits, and where in the program it was waited.

import {briefName} from '../model/function_name'
import {formatDuration, formatFigure, formatMoment} from '../model/nanos'
import {formatCount, formatPlural} from '../model/quantity'
import type {RangeSelection} from '../model/selection'
import {shown} from '../model/shown'
import {sourcePath} from '../model/source_path'
import {isWait} from '../model/states'
import type {Trace, Track} from '../model/trace'
import type {Deadlock, LockRow, LocksAnswer, LockThread, LockWait, StackFrame} from '../wire/api'
import type {App} from './app'
import {askedPart, type Asked} from './asked'
import {button, el, traceText} from './dom'
import type {FlameWords} from './flame_content'
import {flamePart} from './flame_part'
import {lockWord} from './lock_words'
import {copyButton, makeTable, type Column, type Table} from './table'

type Kinds = 'held' | 'all'

/** To how much a wait's begin is told. */
const MOMENT_NS = 10_000

/** Which locks are shown; the choice stays from range to range. */
let kinds: Kinds = 'held'

const KINDS: readonly (readonly [Kinds, string, string])[] = [
  [
    'held',
    'Held locks',
    'Mutexes, and locks for readers and writers: waits for them are lost time',
  ],
  ['all', 'All waits', 'Also conditions, semaphores, barriers, ends of threads'],
]

/** Does the trace tell of locks, or could it have? Recordings made inside a program cannot. */
export function mayHaveLocks(trace: Trace): boolean {
  return trace.sources.some(source => source.name === 'locks')
}

function isRecorded(trace: Trace): boolean {
  return trace.sources.some(({name, state}) => name === 'locks' && state === 'recorded')
}

// ---- words

function functionText(frame: StackFrame): string {
  const name = frame.function ?? ''
  return name === '' ? (frame.address ?? '') : briefName(name)
}

function whereText({file, line}: StackFrame): string {
  const path = sourcePath(file ?? '')
  return path === '' ? '' : line === undefined || line === 0 ? path : `${path}:${line}`
}

/** A function with the place in its file as a title. */
function frameText(frame: StackFrame, className = 'mono'): HTMLElement {
  const text = traceText(functionText(frame), className)
  text.title = shown(
    [frame.function ?? '', whereText(frame)].filter(part => part !== '').join('\n'),
  )
  return text
}

function threadText({label, tid}: LockThread): HTMLElement {
  return el(
    'span',
    {},
    traceText(label === '' ? 'thread' : label),
    el('span', {class: 'faint', text: ` ${tid}`}),
  )
}

function threadWords({label, tid}: LockThread): string {
  return label === '' ? String(tid) : `${shown(label)} ${tid}`
}

// ---- ways to the timeline

function waitLink(app: App, wait: LockWait, content: Node | string): Node {
  const {place} = wait
  if (place === undefined) {
    return el('span', {}, content)
  }
  const made = el('button', {class: 'link', title: 'Go to this wait'}, content)
  made.type = 'button'
  made.addEventListener('click', () => app.selectEvent(place[0], place[1], true))
  return made
}

// ---- deadlocks

function deadlockItem(app: App, wait: Deadlock['waits'][number]): HTMLElement {
  const item = el('li', {}, waitLink(app, wait, threadText(wait.thread)), ' waits')
  if (wait.waits_in !== undefined) {
    item.append(' in ', frameText(wait.waits_in))
  }
  item.append(' for ', lockWord(wait.kind), ' ', el('span', {class: 'mono', text: wait.lock}))
  if (wait.holder !== undefined) {
    item.append(', which ', threadText(wait.holder), ' has')
  }
  item.append(el('span', {class: 'soft', text: ` · ${formatDuration(wait.duration)}`}))
  return item
}

function deadlockPart(app: App, deadlock: Deadlock): HTMLElement {
  const {threads, waits} = deadlock
  const title =
    threads === 1
      ? 'Deadlock: a thread waits for itself'
      : `Deadlock: ${formatCount(threads)} threads wait for each other`
  const cut = threads > waits.length ? `${formatCount(threads - waits.length)} more` : ''
  return el(
    'div',
    {class: 'deadlock', role: 'alert'},
    el('div', {class: 'strong', text: title}),
    el('ul', {class: 'flows'}, ...waits.map(wait => deadlockItem(app, wait))),
    ...(cut === '' ? [] : [el('div', {class: 'soft', text: cut})]),
  )
}

// ---- locks

function lockCell(row: LockRow): HTMLElement {
  const words = el(
    'div',
    {class: 'words'},
    lockWord(row.kind),
    ' ',
    el('span', {class: 'mono faint', text: row.lock}),
  )
  if (row.waited_in !== undefined) {
    words.append(el('div', {class: 'place'}, frameText(row.waited_in, 'mono soft')))
  }
  words.title = `Process ${row.pid}`
  return words
}

/** Where the holder was meanwhile. */
function heldText({held, start}: LockWait): readonly (Node | string)[] {
  if (held === undefined) {
    return []
  }
  const how = isWait(held.state) ? 'asleep in' : 'running in'
  const when = `, ${formatDuration(Math.max(0, held.time - start))} into it`
  const name = held.function ?? ''
  return [` · ${how} `, traceText(name === '' ? '?' : briefName(name), 'mono'), when]
}

/** A line for the wait, and one for what is known of it; its function where that is not the usual one. */
function waitItem(app: App, row: LockRow, wait: LockWait): HTMLElement {
  const {waits_in: frame, holder} = wait
  const about = el('div', {class: 'soft', text: `at ${formatMoment(wait.start, MOMENT_NS)}`})
  if (frame !== undefined && functionText(frame) !== functionText(row.waited_in ?? {})) {
    about.append(' · in ', frameText(frame))
  }
  if (holder !== undefined) {
    about.append(' · held by ', threadText(holder))
  }
  about.append(...heldText(wait))
  if (!wait.is_over) {
    about.append(' · not over')
  }
  return el(
    'li',
    {},
    el('span', {class: 'number'}, waitLink(app, wait, formatDuration(wait.duration))),
    el('div', {class: 'words'}, threadText(wait.thread), about),
  )
}

/** Of one lock: its places, and its longest waits. */
function lockDetail(app: App, row: LockRow): HTMLElement {
  const list = el('dl', {class: 'facts'})
  const add = (label: string, value: Node | string): void =>
    list.append(el('dt', {text: label}), el('dd', {}, value))
  const place = (label: string, frame: StackFrame | undefined): void => {
    if (frame !== undefined) {
      const where = el('span', {class: 'soft'}, ' ', traceText(whereText(frame)))
      add(label, el('span', {}, frameText(frame), where))
    }
  }
  place('Waited in', row.waited_in)
  place('Holder was in', row.held_in)
  place('Let go in', row.let_go_in)
  add('Median, 99 %', `${formatDuration(row.p50)}, ${formatDuration(row.p99)}`)
  if (row.holder !== undefined) {
    const often = ` in ${formatCount(row.holder_count ?? 0)} of ${formatPlural(row.count, 'wait')}`
    add(
      'Most held by',
      el('span', {}, threadText(row.holder), el('span', {class: 'soft', text: often})),
    )
  }
  return el(
    'div',
    {class: 'lock-detail'},
    list,
    el('h4', {text: 'Longest waits'}),
    el('ol', {class: 'waits'}, ...row.waits.map(wait => waitItem(app, row, wait))),
  )
}

function lockTable(app: App, rows: readonly LockRow[]): Table {
  const figure = (
    title: string,
    hint: string,
    value: (row: LockRow) => number,
    cell: (row: LockRow) => Node | string,
    className = '',
  ): Column<LockRow> => ({title, hint, isNumber: true, value, cell, className})
  const columns: readonly Column<LockRow>[] = [
    {
      title: 'Lock',
      hint: 'Sort by kind and address',
      isNumber: false,
      value: row =>
        [row.kind, row.lock, row.waited_in === undefined ? '' : functionText(row.waited_in)]
          .filter(part => part !== '')
          .join(' '),
      cell: lockCell,
    },
    figure(
      'Waited',
      'Time that threads waited for it',
      row => row.total,
      row => formatFigure(row.total),
    ),
    figure(
      'Waits',
      'How often, with those that are not over',
      row => row.count,
      row => formatCount(row.count),
    ),
    figure(
      'Longest',
      'The longest wait',
      row => row.max,
      row => {
        const text = formatFigure(row.max)
        return row.waits.length > 0 ? waitLink(app, row.waits[0], text) : text
      },
    ),
    figure(
      'Threads',
      'How many have waited for it',
      row => row.threads,
      row => formatCount(row.threads),
      'wide-only',
    ),
    {
      title: 'Held by',
      hint: 'Who had it most often when a wait began',
      isNumber: false,
      value: row => (row.holder === undefined ? '' : threadWords(row.holder)),
      cell: row => (row.holder === undefined ? '' : threadText(row.holder)),
      className: 'thread wide-only',
    },
  ]
  return makeTable(columns, rows, 1, {
    title: 'Its longest waits',
    part: row => lockDetail(app, row),
  })
}

// ---- nothing to tell

const COMMAND = 'ctrace record --sources +locks -- ./program'

function nothing(trace: Trace): HTMLElement {
  if (isRecorded(trace)) {
    const what = kinds === 'held' ? 'No thread waited for a lock here.' : 'No waits here.'
    return el('p', {class: 'soft', text: what})
  }
  const why = trace.sources.find(source => source.name === 'locks')?.why ?? ''
  if (why !== '') {
    const text = 'Waits for locks could not be recorded: '
    return el('p', {class: 'soft'}, text, traceText(why))
  }
  return el(
    'div',
    {},
    el('p', {class: 'soft', text: 'Waits for locks were not recorded. To see who waits for whom:'}),
    el('p', {class: 'mono', text: COMMAND}),
  )
}

function summary(answer: LocksAnswer): string {
  const waits = formatPlural(answer.count, 'wait')
  const locks = formatPlural(answer.lock_count, 'lock')
  return `${waits} for ${locks} · ${formatDuration(answer.total)} waited`
}

const WAIT_WORDS: FlameWords = {
  weight: formatDuration,
  figure: formatFigure,
  counted: count => formatPlural(count, 'wait'),
  countTitle: 'Waits',
  countHint: 'How many with a stack went through it',
  selfHint: 'Time that the function itself waited',
  totalHint: 'With what it called',
  shareHint: 'Total as a share of all waiting',
}

/** How the time was found out: of some waits there is a stack. */
function stackNote(answer: LocksAnswer): string {
  const {with_stack: known, count} = answer
  const some = `${formatCount(known)} of ${formatPlural(count, 'wait')} with a stack`
  return known < count ? `${some}; a lock’s other waits are shared out among its places` : some
}

function flameSection(app: App, answer: LocksAnswer): HTMLElement[] {
  const {functions, nodes, weight} = answer.flame
  if (nodes.length === 0) {
    return []
  }
  const summary = stackNote(answer)
  const flame = {functions, nodes, weight, summary, empty: '', words: WAIT_WORDS}
  return [el('h3', {text: 'Where it was waited'}), flamePart(flame, app.theme())]
}

function content(app: App, trace: Trace, answer: LocksAnswer, bar: HTMLElement): HTMLElement {
  const root = el(
    'div',
    {class: 'locks-part'},
    ...answer.deadlocks.map(deadlock => deadlockPart(app, deadlock)),
  )
  const hidden = answer.deadlock_count - answer.deadlocks.length
  if (hidden > 0) {
    root.append(el('p', {class: 'soft', text: `${formatPlural(hidden, 'more deadlock')}`}))
  }
  if (answer.locks.length === 0) {
    root.append(...(isRecorded(trace) ? [bar] : []), nothing(trace))
    return root
  }
  const table = lockTable(app, answer.locks)
  const copy = copyButton('This table with tabs, times in nanoseconds', table.text)
  bar.append(el('span', {class: 'spring'}), copy)
  root.append(
    el('p', {class: 'lead', text: summary(answer)}),
    bar,
    el('div', {class: 'scroll'}, table.root),
  )
  if (answer.lock_count > answer.locks.length) {
    const left = formatPlural(answer.lock_count - answer.locks.length, 'lock')
    root.append(el('p', {class: 'soft', text: `${left} with shorter waits left out`}))
  }
  root.append(...flameSection(app, answer))
  return root
}

/** All locks of a range, as its threads waited for them. */
export function locksOf(
  app: App,
  trace: Trace,
  range: RangeSelection,
  tracks: readonly Track[],
): Asked {
  const root = el('div')
  let asked: Asked | null = null
  const choice = (): HTMLElement => {
    const bar = el('div', {class: 'tabs', role: 'group', label: 'Which waits'})
    for (const [which, text, title] of KINDS) {
      const made = button(text, title, () => {
        kinds = which
        show()
        root.querySelector<HTMLElement>('.tabs .on')?.focus()
      })
      made.classList.toggle('on', which === kinds)
      made.setAttribute('aria-pressed', String(which === kinds))
      bar.append(made)
    }
    return bar
  }
  const show = (): void => {
    const {start, end} = range
    const some = range.tracks.length === 0 ? [] : tracks.map(track => track.id)
    asked?.cancel()
    asked = askedPart(app.client().ask('locks', {start, end, tracks: some, kinds}), answer =>
      content(app, trace, answer, choice()),
    )
    root.replaceChildren(asked.root)
  }
  show()
  return {root, cancel: () => asked?.cancel()}
}
