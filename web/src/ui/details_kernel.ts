// SPDX-License-Identifier: MIT
// What a kernel tells of an event: a state and who ended it, a turn, a sample's stack, a call's
// result, and whom a thread woke.

import {formatDuration} from '../model/nanos'
import {formatCount} from '../model/quantity'
import {briefName} from '../model/function_name'
import {shown} from '../model/shown'
import {isWait, wordsOf} from '../model/states'
import {laneOfCpu, nameOf, type Place, type Trace} from '../model/trace'
import type {CallResult, EventAnswer, StackFrame, StateFacts, Waker, Woke} from '../wire/api'
import {stateSwatches} from '../draw/state_colours'
import type {App} from './app'
import {goToCpu} from './cpu_jump'
import {button, el, traceText} from './dom'

type Row = readonly [label: string, value: Node | string]

function jump(app: App, content: Node | string, title: string, place: Place): HTMLElement {
  const made = el('button', {class: 'link', title}, content)
  made.type = 'button'
  made.addEventListener('click', () => app.selectEvent(place[0], place[1], true))
  return made
}

/** A thread's name with its number, as text: it may be one that is not recorded. */
function threadText(label: string, tid: number): HTMLElement {
  const name = label === '' ? 'thread' : label
  return el('span', {}, traceText(name), el('span', {class: 'soft', text: ` ${tid}`}))
}

function stateChip(app: App, state: string): HTMLElement {
  const {look, short, long} = wordsOf(state)
  const dot = el('span', {class: `dot part-${look}`})
  dot.style.backgroundColor = stateSwatches(app.theme().isDark)[look].fill
  return el('span', {class: 'chip'}, dot, short, el('span', {class: 'soft', text: ` ${long}`}))
}

export function stateRows(app: App, trace: Trace, facts: StateFacts): Row[] {
  const rows: Row[] = [['State', stateChip(app, facts.state)]]
  if (facts.call !== undefined) {
    const {lane, index, name} = facts.call
    rows.push(['In', jump(app, traceText(nameOf(trace, name)), 'Go to the call', [lane, index])])
  }
  if (facts.cpu !== undefined) {
    rows.push([facts.state === 'running' ? 'CPU' : 'Last CPU', `CPU ${facts.cpu}`])
  }
  return rows
}

export function resultRow(result: CallResult): Row {
  const isError = result.is_error === true
  const text = result.text === result.value ? '' : (result.text ?? '')
  return [
    'Result',
    el(
      'span',
      {class: isError ? 'result bad' : 'result'},
      traceText(result.value, 'mono strong'),
      text === '' ? '' : ' ',
      traceText(text, 'mono'),
    ),
  ]
}

/** What the waker was doing, as a place to go to: its span or call, else its state. */
export function wakerPlace(waker: Waker): Place | undefined {
  return waker.doing ?? waker.running
}

function wakerText(trace: Trace, waker: Waker): HTMLElement {
  if (waker.tid === 0) {
    return el('span', {text: 'An interrupt, while nobody ran'})
  }
  const line = el('span', {}, threadText(waker.label, waker.tid))
  if (waker.doing_name !== undefined) {
    line.append(' in ', traceText(nameOf(trace, waker.doing_name), 'strong'))
  }
  return line
}

/** Who ended a wait, what that thread did then, and ways to go there. */
export function wakerPart(
  app: App,
  trace: Trace,
  event: EventAnswer,
  waker: Waker,
  known?: string,
): HTMLElement {
  const root = el('div', {class: 'waker'}, wakerText(trace, waker))
  const cpu = waker.cpu === undefined ? '' : ` on CPU ${waker.cpu}`
  const after = formatDuration(Math.max(0, waker.time - event.start))
  const isAfter = isWait(event.state?.state ?? '') || event.lock !== undefined
  const when = known ?? (isAfter ? `after ${after}` : 'just before')
  root.append(el('div', {class: 'soft', text: `${when}${cpu}`}))
  const links: (readonly [string, string, Place | undefined])[] = [
    ['What it did', 'Go to what the waker did (U)', waker.doing],
    ['Its state', 'Go to the waker’s state', waker.running],
  ]
  const bar = el('div', {class: 'actions'})
  for (const [text, title, place] of links) {
    if (place !== undefined) {
      bar.append(button(text, title, () => app.selectEvent(place[0], place[1], true)))
    }
  }
  if (waker.track === undefined && waker.tid !== 0) {
    root.append(el('div', {class: 'soft', text: 'That thread is not recorded.'}))
  }
  if (laneOfCpu(trace, waker.cpu) !== undefined) {
    bar.append(
      button('On its CPU', 'Go to who ran on that CPU then', () =>
        goToCpu(app, trace, waker.cpu, waker.time),
      ),
    )
  }
  root.append(bar)
  return root
}

export function wokePart(app: App, event: EventAnswer, woke: readonly Woke[]): HTMLElement {
  const items = woke.map(one => {
    const name = threadText(one.label, one.tid)
    const after = formatDuration(Math.max(0, one.time - event.start))
    const text =
      one.place === undefined ? name : jump(app, name, 'Go to the thread it woke', one.place)
    return el('li', {}, text, el('span', {class: 'soft', text: ` at +${after}`}))
  })
  return el('ul', {class: 'flows'}, ...items)
}

function whereText({file, line, module}: StackFrame): string {
  if (file !== undefined && file !== '') {
    return line === undefined || line === 0 ? file : `${file}:${line}`
  }
  return module ?? ''
}

function frameItem(frame: StackFrame): HTMLElement {
  const address = frame.address ?? ''
  const name = frame.function ?? ''
  const text = traceText(name === '' ? address : briefName(name), 'mono')
  text.title = shown(name)
  const item = el('li', {}, text)
  if (frame.is_inlined === true) {
    item.append(el('span', {class: 'tag', text: 'inlined'}))
  }
  const where = traceText(whereText(frame), 'where soft')
  where.title = [frame.module ?? '', address].filter(part => part !== '').join(' ')
  item.append(where)
  return item
}

/** Innermost first. */
export function stackPart(frames: readonly StackFrame[]): HTMLElement {
  return frames.length === 0
    ? el('p', {class: 'soft', text: 'This sample has no stack.'})
    : el('ol', {class: 'stack'}, ...frames.map(frameItem))
}

export function turnRows(app: App, event: EventAnswer): Row[] {
  const turn = event.turn
  if (turn === undefined) {
    return []
  }
  const name = threadText(turn.label, turn.tid)
  const thread =
    turn.running === undefined ? name : jump(app, name, 'Go to the thread (C)', turn.running)
  return [
    ['Thread', thread],
    ['CPU', `CPU ${turn.cpu}`],
  ]
}

export function sampleRows(event: EventAnswer): Row[] {
  const {cpu, weight} = event.sample ?? {}
  const rows: Row[] = []
  if (weight !== undefined && weight > 0) {
    rows.push(['Stands for', formatDuration(weight)])
  }
  if (cpu !== undefined) {
    rows.push(['CPU', `CPU ${formatCount(cpu)}`])
  }
  return rows
}
