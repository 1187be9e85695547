// SPDX-License-Identifier: MIT
// Parts of the panel about where time went: the split of a span or stretch, its samples, and for
// a range of several threads a line for each of them.

import {formatFigure, type Nanos} from '../model/nanos'
import {shown} from '../model/shown'
import {laneOfTrack, type Trace, type Track} from '../model/trace'
import type {SplitAnswer, Stretch} from '../wire/api'
import {Cancelled} from '../wire/client'
import type {App} from './app'
import {askedPart, type Asked} from './asked'
import {button, el} from './dom'
import {flamePart} from './flame_part'
import {flameOfSamples} from './flame_content'
import {splitBar, splitPart} from './split'
import {makeTable, type Column} from './table'

/** Threads that are asked about at the same time; the server takes 64 questions in all. */
const AT_ONCE = 4

/** Of a range over more threads the busiest kind of table no longer helps; one drags over fewer. */
const THREADS_MAX = 256

export function hasStates(trace: Trace, track: number): boolean {
  return laneOfTrack(trace, track, 'state') !== undefined
}

export function hasSamples(trace: Trace, track: number): boolean {
  return laneOfTrack(trace, track, 'sample') !== undefined
}

export function splitOf(app: App, trace: Trace, stretch: Stretch): Asked {
  return askedPart(app.client().ask('split', stretch), answer => splitPart(app, trace, answer))
}

export function flameOf(app: App, stretch: Stretch): Asked {
  return askedPart(app.client().ask('flame', stretch), answer =>
    flamePart(flameOfSamples(answer), app.theme()),
  )
}

interface ThreadSplit {
  readonly track: Track
  readonly answer: SplitAnswer
}

function totalOf(answer: SplitAnswer, ...parts: readonly string[]): Nanos {
  return answer.parts
    .filter(part => parts.includes(part.part))
    .reduce((sum, part) => sum + part.total, 0)
}

function threadTable(
  app: App,
  trace: Trace,
  rows: readonly ThreadSplit[],
  onThread: (track: Track) => void,
): HTMLElement {
  const figure = (
    title: string,
    hint: string,
    value: (row: ThreadSplit) => number,
  ): Column<ThreadSplit> => ({
    title,
    hint,
    isNumber: true,
    value,
    cell: row => formatFigure(value(row)),
  })
  const columns: readonly Column<ThreadSplit>[] = [
    {
      title: 'Thread',
      hint: 'Sort by thread',
      isNumber: false,
      value: row => row.track.label,
      cell: ({track, answer}) => {
        const name = shown(track.label)
        const go = button(name, `${name}: its part alone`, () => onThread(track), 'link')
        const bar = splitBar(app, trace, answer.parts, answer.duration)
        const tid = el('span', {class: 'faint', text: ` ${track.tid}`})
        return el('div', {class: 'thread-split'}, go, tid, bar)
      },
    },
    figure('Running', 'Time on a CPU', row => totalOf(row.answer, 'running')),
    figure('Runnable', 'Time it waited for a CPU', row => totalOf(row.answer, 'runnable')),
    figure('Waiting', 'Time in calls, at locks, asleep', row =>
      totalOf(row.answer, 'call', 'lock', 'sleeping'),
    ),
  ]
  return makeTable(columns, rows, 1).root
}

/** A line for each thread; the table grows while the answers come. */
export function threadSplits(
  app: App,
  trace: Trace,
  tracks: readonly Track[],
  range: {readonly start: Nanos; readonly end: Nanos},
  onThread: (track: Track) => void,
): Asked {
  const root = el('div', {}, el('p', {class: 'soft', text: '…'}))
  const waiting = tracks.filter(track => hasStates(trace, track.id)).slice(0, THREADS_MAX)
  const done: ThreadSplit[] = []
  let open: {readonly cancel: () => void}[] = []
  const work = async (): Promise<void> => {
    for (let track = waiting.shift(); track !== undefined; track = waiting.shift()) {
      const {start, end} = range
      const pending = app.client().ask('split', {track: track.id, start, end})
      open.push(pending)
      done.push({track, answer: await pending.answer})
    }
  }
  const render = (): void =>
    root.replaceChildren(
      done.length === 0
        ? el('p', {class: 'soft', text: 'Of no thread here the states are known.'})
        : threadTable(app, trace, done, onThread),
    )
  Promise.all(Array.from({length: AT_ONCE}, work)).then(render, error => {
    if (!(error instanceof Cancelled)) {
      render()
      root.prepend(el('p', {class: 'remark', text: String(error)}))
    }
  })
  return {
    root,
    cancel: () => {
      waiting.length = 0
      open.forEach(pending => pending.cancel())
      open = []
    },
  }
}
