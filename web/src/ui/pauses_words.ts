// SPDX-License-Identifier: MIT
// What the tab Pauses says of an answer: of a point, of all, the worst windows, and as text.

import {formatDuration, formatFigure, formatMoment} from '../model/nanos'
import {formatPlural} from '../model/quantity'
import type {Trace} from '../model/trace'
import {formatLeft, shareLeft, type CurvePoint} from '../model/utilisation'
import type {PausesAnswer} from '../wire/api'
import type {App} from './app'
import {el, traceText} from './dom'
import {makeTable, type Column} from './table'

/** What is known of a point, as a line. */
export function pointText(trace: Trace, answer: PausesAnswer, point: CurvePoint): HTMLElement {
  const [window, taken, start, track] = point
  const named = track === answer.track ? '' : ` in ${trace.trackById.get(track)?.label ?? ''}`
  return el(
    'span',
    {},
    el('span', {class: 'strong', text: formatLeft(point)}),
    ` left at worst in ${formatDuration(window)}`,
    el('span', {class: 'soft'}, `: ${formatDuration(taken)} taken`, traceText(named)),
    el('span', {class: 'soft', text: `, at ${formatMoment(start, Math.max(1, window / 100))}`}),
  )
}

export function worstTable(
  app: App,
  trace: Trace,
  answer: PausesAnswer,
): {readonly root: HTMLElement; readonly text: () => string} {
  const worst = answer.worst ?? []
  const go = (point: CurvePoint): HTMLElement => {
    const [length, , start, track] = point
    const text = formatMoment(start, Math.max(1, length / 100))
    const made = el('button', {class: 'link', title: 'Go to this window', text})
    made.type = 'button'
    made.addEventListener('click', () => {
      const isThread = trace.trackById.get(track)?.kind === 'thread'
      app.select({
        type: 'range',
        start,
        end: start + length,
        tracks: isThread ? [track] : [],
        lane: -1,
      })
      app.frameRange(start, start + length, 0.3)
    })
    return made
  }
  const label = (point: CurvePoint): string => trace.trackById.get(point[3])?.label ?? ''
  const isOfThreads = worst.some(point => point[3] !== answer.track)
  const thread: Column<CurvePoint> = {
    title: 'Thread',
    hint: 'Sort by thread',
    isNumber: false,
    value: label,
    cell: point => traceText(label(point)),
  }
  const columns: Column<CurvePoint>[] = [
    ...(isOfThreads ? [thread] : []),
    {
      title: 'From',
      hint: 'Sort by time; click a time to go there',
      isNumber: isOfThreads,
      value: point => point[2],
      cell: go,
    },
    {
      title: 'Utilisation',
      hint: 'The share of the window that is left',
      isNumber: true,
      value: point => Number((shareLeft(point) * 100).toFixed(4)),
      cell: formatLeft,
    },
    {
      title: 'Taken',
      hint: 'Of the window',
      isNumber: true,
      value: point => point[1],
      cell: point => formatFigure(point[1]),
    },
  ]
  return makeTable(columns, worst, -1)
}

export function summary(answer: PausesAnswer): string {
  const {pieces, taken, longest, threads} = answer
  if (pieces === 0 || longest === undefined) {
    return 'Nothing was taken away here.'
  }
  const of = threads > 1 ? ` of ${formatPlural(threads, 'thread')}` : ''
  return `${formatPlural(pieces, 'time')}, ${formatDuration(taken)} in all${of}; the longest ${formatDuration(longest[0])}`
}

/** Every number of the answer, exact, for a spreadsheet. */
export function textOf(trace: Trace, answer: PausesAnswer): string {
  const line = (point: CurvePoint): string =>
    [
      point[0],
      point[1],
      shareLeft(point).toFixed(9),
      point[2],
      trace.trackById.get(point[3])?.label,
    ]
      .join('\t')
      .replace(/[\r\n]/g, ' ')
  const head = 'window ns\ttaken ns\tutilisation\tstart ns\tof'
  return [
    `${answer.what}, ${answer.start} to ${answer.end} ns`,
    head,
    ...answer.points.map(line),
    `worst windows of ${answer.window ?? 0} ns`,
    head,
    ...(answer.worst ?? []).map(line),
  ].join('\n')
}
