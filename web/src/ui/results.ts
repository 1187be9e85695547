// SPDX-License-Identifier: MIT
// What a range holds, asked from the server and shown as tables: by name at once, by thread when
// somebody wants it (one question a thread, a few at a time), and the longest.

import {formatDuration, type Nanos} from '../model/nanos'
import {formatCount, formatPlural} from '../model/quantity'
import type {Trace, Track} from '../model/trace'
import type {RangeAnswer} from '../wire/api'
import {Cancelled} from '../wire/client'
import type {App} from './app'
import {button, el} from './dom'
import {copyButton, type Table} from './table'
import {
  bothTable,
  busyOf,
  longestTable,
  nameTable,
  threadTable,
  type ThreadTotals,
  type TotalsContext,
} from './totals'

const TOP = 20

/** Questions about threads that wait at the server at the same time; it takes 64 in all. */
const AT_ONCE = 4

type Mode = 'name' | 'thread' | 'both'

const MODES: readonly (readonly [Mode, string])[] = [
  ['name', 'By name'],
  ['thread', 'By thread'],
  ['both', 'Thread and name'],
]

export interface RangeQuestion {
  readonly start: Nanos
  readonly end: Nanos
  /** Empty: every span. */
  readonly lanes: readonly number[]
  /** Threads that can be told apart; one or none shows no choice. */
  readonly tracks: readonly Track[]
}

export interface Results {
  readonly root: HTMLElement
  readonly ask: (question: RangeQuestion) => void
  readonly cancel: () => void
}

function spanLanes(trace: Trace, track: Track): number[] {
  const lanes = trace.lanesOfTrack.get(track.id) ?? []
  return lanes.filter(lane => lane.kind === 'span').map(lane => lane.id)
}

function remark(text: string): HTMLElement {
  return el('p', {class: 'remark', text})
}

export function makeResults(app: App, trace: Trace, onName: (text: string) => void): Results {
  const root = el('div', {class: 'results'})
  const context: TotalsContext = {app, trace, onName}
  let open: {readonly cancel: () => void}[] = []
  let mode: Mode = 'name'

  const cancel = (): void => {
    open.forEach(pending => pending.cancel())
    open = []
  }

  const range = (
    lanes: readonly number[],
    asked: RangeQuestion,
    onPart?: (answer: RangeAnswer) => void,
  ): Promise<RangeAnswer> => {
    const {start, end} = asked
    const pending = app
      .client()
      .ask('range', {lanes, start, end, top: TOP, order: 'duration'}, onPart)
    open.push(pending)
    return pending.answer
  }

  const tabs = (answer: RangeAnswer, asked: RangeQuestion, copy: HTMLElement): HTMLElement => {
    const bar = el('div', {class: 'tabs', role: 'group', label: 'Totals'})
    for (const [which, text] of asked.tracks.length > 1 ? MODES : MODES.slice(0, 1)) {
      const tab = button(text, '', () => {
        mode = which
        show(answer, asked)
        root.querySelector<HTMLElement>('.tabs .on')?.focus()
      })
      tab.classList.toggle('on', which === mode)
      tab.setAttribute('aria-pressed', String(which === mode))
      bar.append(tab)
    }
    bar.append(el('span', {class: 'spring'}), copy)
    return bar
  }

  /** Thread after thread; the table grows while answers come. */
  const byThread = async (
    asked: RangeQuestion,
    into: HTMLElement,
    onTable: (table: Table) => void,
  ): Promise<void> => {
    const wanted = mode
    const waiting = asked.tracks.filter(track => spanLanes(trace, track).length > 0)
    const all = waiting.length
    const done: ThreadTotals[] = []
    const render = (): void => {
      if (mode !== wanted || !into.isConnected) {
        return
      }
      const table =
        wanted === 'both'
          ? bothTable(context, done)
          : threadTable(context, done, asked.end - asked.start)
      onTable(table)
      const left = all - done.length
      const note = `${formatCount(done.length)} of ${formatPlural(all, 'thread')} counted…`
      into.replaceChildren(table.root, ...(left > 0 ? [el('p', {class: 'soft', text: note})] : []))
    }
    const work = async (): Promise<void> => {
      for (let track = waiting.shift(); track !== undefined; track = waiting.shift()) {
        const answer = await range(spanLanes(trace, track), asked)
        done.push({track, names: answer.names})
      }
    }
    const pace = window.setInterval(render, 250)
    try {
      await Promise.all(Array.from({length: AT_ONCE}, work))
    } catch (error) {
      if (!(error instanceof Cancelled)) {
        into.before(remark(error instanceof Error ? error.message : String(error)))
      }
    } finally {
      window.clearInterval(pace)
    }
    render()
  }

  const show = (answer: RangeAnswer, asked: RangeQuestion): void => {
    const parts: Node[] = []
    if (answer.lost > 0) {
      parts.push(
        remark(`${formatPlural(answer.lost, 'event')} in here were lost: the figures are too low.`),
      )
    }
    const busy = asked.lanes.length === 1 ? answer.busy : busyOf(answer.names)
    const busyText = busy > 0 ? ` · ${formatDuration(busy)} busy` : ''
    parts.push(el('p', {class: 'lead', text: `${formatPlural(answer.count, 'event')}${busyText}`}))
    if (answer.names.length > 0) {
      let table: Table = nameTable(context, answer.names)
      const place = el('div', {class: 'scroll'}, mode === 'name' ? table.root : 'Counting…')
      const copy = copyButton('This table with tabs, times in nanoseconds', () => table.text())
      parts.push(tabs(answer, asked, copy), place)
      if (mode !== 'name') {
        void byThread(asked, place, next => (table = next))
      }
    }
    if (answer.places.length > 0) {
      const longest = longestTable(app, trace, answer)
      parts.push(el('h3', {text: 'Longest'}), el('div', {class: 'scroll'}, longest.root))
    }
    root.replaceChildren(...parts)
  }

  return {
    root,
    cancel,
    ask: asked => {
      cancel()
      root.replaceChildren(el('p', {class: 'soft', text: 'Counting…'}))
      const onAnswer = (answer: RangeAnswer): void => show(answer, asked)
      range(asked.lanes, asked, onAnswer).then(onAnswer, error => {
        if (!(error instanceof Cancelled)) {
          root.replaceChildren(remark(error instanceof Error ? error.message : String(error)))
        }
      })
    },
  }
}
