// SPDX-License-Identifier: MIT
// The tab Pauses: minimum mutator utilisation of a range as a curve, and the worst windows of a
// length that is chosen in it.

import {formatDuration, formatFigure, formatMoment, type Nanos} from '../model/nanos'
import {formatPlural} from '../model/quantity'
import {laneOfTrack, type Trace, type Track} from '../model/trace'
import {
  formatLeft,
  placeOf,
  pointAt,
  shareLeft,
  TAKEN,
  TAKEN_TITLES,
  takenWords,
  windowsToChoose,
  type CurvePoint,
  type Taken,
} from '../model/utilisation'
import {CURVE_HEIGHT, drawCurve, placeAt} from '../draw/utilisation_curve'
import type {PausesAnswer} from '../wire/api'
import {Cancelled} from '../wire/client'
import type {App} from './app'
import type {Asked} from './asked'
import {el, traceText} from './dom'
import {copyButton, makeTable, type Column} from './table'

interface Stretch {
  readonly start: Nanos
  readonly end: Nanos
}

/** What one chose last stays from range to range. */
let chosenTaken: Taken | null = null
let chosenWindow: Nanos | null = null

const TELLING: ReadonlySet<string> = new Set(['pause', 'cycle', 'halt', 'state', 'sample'])
const LOCK = /^(pthread_(mutex|rwlock|spin)|mtx)_/

/** Is there anything that takes time away? */
export function hasPauses(trace: Trace): boolean {
  return trace.lanes.some(lane => TELLING.has(lane.kind)) || trace.names.some(n => LOCK.test(n))
}

/** Processes first, each with its threads; only those that the range is about. */
function scopesOf(trace: Trace, tracks: readonly Track[]): Track[] {
  const asked = new Set(tracks.map(track => track.id))
  return trace.tracks
    .filter(track => track.kind === 'process')
    .flatMap(process => {
      const threads = trace.tracks.filter(
        track => track.parent === process.id && asked.has(track.id),
      )
      return threads.length === 0 ? [] : [process, ...threads]
    })
}

/** Of one thread, that; else the process whose collector told of its work. */
function firstScope(trace: Trace, scopes: readonly Track[], tracks: readonly Track[]): Track {
  const collectors = trace.tracks.filter(
    track => track.kind === 'collector' && laneOfTrack(trace, track.id, 'pause') !== undefined,
  )
  const process = scopes.find(scope => collectors.some(one => one.parent === scope.id))
  return tracks.length === 1 ? tracks[0] : (process ?? scopes[0])
}

function scopeText(track: Track): string {
  return track.kind === 'thread' ? `\u2003${track.label} (${track.tid})` : track.label
}

function option(value: string, text: string): HTMLOptionElement {
  const made = el('option', {text})
  made.value = value
  return made
}

/** What is known of a point, as a line. */
function pointText(trace: Trace, answer: PausesAnswer, point: CurvePoint): HTMLElement {
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

interface CurveChoice {
  /** Index of a point. */
  readonly onMark: (marked: number) => void
  readonly onChoose: (window: Nanos) => void
}

/** The canvas, its pointer and its keys. */
function curveCanvas(
  app: App,
  answer: PausesAnswer,
  choice: CurveChoice,
): {readonly root: HTMLElement; readonly draw: () => void} {
  const {points} = answer
  const canvas = el('canvas', {class: 'curve', label: 'Utilisation by length of window'})
  canvas.setAttribute('role', 'slider')
  canvas.setAttribute('aria-valuemin', '0')
  canvas.setAttribute('aria-valuemax', String(points.length - 1))
  canvas.tabIndex = 0
  const ctx = canvas.getContext('2d')
  let marked = -1

  const draw = (): void => {
    const width = canvas.parentElement?.clientWidth ?? 0
    if (ctx === null || width === 0) {
      return
    }
    const pixelRatio = window.devicePixelRatio || 1
    canvas.width = Math.round(width * pixelRatio)
    canvas.height = Math.round(CURVE_HEIGHT * pixelRatio)
    canvas.style.width = `${width}px`
    canvas.style.height = `${CURVE_HEIGHT}px`
    drawCurve(ctx, {
      points,
      width,
      pixelRatio,
      theme: app.theme(),
      marked,
      window: answer.window ?? 0,
    })
  }
  const mark = (next: number): void => {
    if (next !== marked) {
      marked = next
      const spoken = marked < 0 ? pointAt(placeOf(answer.window ?? 1, points), points) : marked
      canvas.setAttribute('aria-valuenow', String(spoken))
      canvas.setAttribute(
        'aria-valuetext',
        `${formatDuration(points[spoken][0])}: ${formatLeft(points[spoken])}`,
      )
      choice.onMark(marked)
      draw()
    }
  }
  const under = (event: MouseEvent): number => {
    const rect = canvas.getBoundingClientRect()
    return pointAt(placeAt(rect.width, event.clientX - rect.left), points)
  }
  const chosen = (): number => pointAt(placeOf(answer.window ?? points[0][0], points), points)
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => mark(Math.max(0, (marked < 0 ? chosen() : marked) - 1)),
    ArrowRight: () => mark(Math.min(points.length - 1, (marked < 0 ? chosen() : marked) + 1)),
    Home: () => mark(0),
    End: () => mark(points.length - 1),
    Enter: () => choice.onChoose(points[marked < 0 ? chosen() : marked][0]),
  }
  canvas.addEventListener('pointermove', event => mark(under(event)))
  canvas.addEventListener('pointerleave', () => mark(-1))
  canvas.addEventListener('click', event => choice.onChoose(points[under(event)][0]))
  canvas.addEventListener('keydown', event => {
    const run = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined
    if (run !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault()
      event.stopPropagation()
      run()
    }
  })
  const root = el('div', {class: 'curve-place'}, canvas)
  new ResizeObserver(draw).observe(root)
  return {root, draw}
}

function worstTable(
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
      app.frameRange(start, start + length, 0.6)
    })
    return made
  }
  const columns: Column<CurvePoint>[] = [
    {
      title: 'From',
      hint: 'Sort by time; click a time to go there',
      isNumber: false,
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
  if (worst.some(point => point[3] !== answer.track)) {
    columns.push({
      title: 'Thread',
      hint: 'Sort by thread',
      isNumber: false,
      value: point => trace.trackById.get(point[3])?.label ?? '',
      cell: point => traceText(trace.trackById.get(point[3])?.label ?? ''),
    })
  }
  return makeTable(columns, worst, -1)
}

function summary(answer: PausesAnswer): string {
  const {pieces, taken, longest, threads} = answer
  if (pieces === 0 || longest === undefined) {
    return 'Nothing was taken away here.'
  }
  const of = threads > 1 ? ` of ${formatPlural(threads, 'thread')}` : ''
  return `${formatPlural(pieces, 'time')}, ${formatDuration(taken)} in all${of}; the longest ${formatDuration(longest[0])}`
}

/** Every number of the answer, exact, for a spreadsheet. */
function textOf(trace: Trace, answer: PausesAnswer): string {
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

export function pausesPart(
  app: App,
  trace: Trace,
  {start, end}: Stretch,
  tracks: readonly Track[],
): Asked {
  const scopes = scopesOf(trace, tracks)
  const root = el('div', {class: 'pauses'})
  if (scopes.length === 0) {
    root.append(el('p', {class: 'soft', text: 'There is no thread in this range.'}))
    return {root, cancel: () => undefined}
  }
  const content = el('div', {}, el('p', {class: 'soft', text: '…'}))
  const whats = el('select', {label: 'What takes the time away'})
  const whose = el('select', {label: 'Of which process or thread'})
  let scope = firstScope(trace, scopes, tracks)
  let taken: Taken = chosenTaken ?? 'collector'
  let open: {readonly cancel: () => void} | null = null
  let copied: PausesAnswer | null = null
  const copy = copyButton('The curve and the worst windows, exact, with tabs', () =>
    copied === null ? '' : textOf(trace, copied),
  )

  const showOffers = (answer: PausesAnswer): void => {
    for (const made of whats.options) {
      const offer = answer.offers.find(one => one.what === made.value)
      made.disabled = offer?.why_not !== undefined
      made.title = offer?.why_not ?? ''
    }
    whats.value = taken
  }

  const windowChoice = (answer: PausesAnswer): HTMLElement => {
    const select = el('select', {label: 'Length of the windows'})
    for (const length of windowsToChoose(answer.points, answer.window ?? 0)) {
      select.append(option(String(length), formatDuration(length)))
    }
    select.value = String(answer.window ?? 0)
    select.addEventListener('change', () => choose(Number(select.value)))
    return el('div', {class: 'window-choice'}, el('span', {text: 'Worst windows of'}), select, copy)
  }

  const show = (answer: PausesAnswer): void => {
    copied = answer
    showOffers(answer)
    const isThread = scope.kind === 'thread'
    const parts: Node[] = [
      el('p', {class: 'soft', text: takenWords(taken, isThread)}),
      el('p', {class: 'lead', text: summary(answer)}),
    ]
    if (answer.pieces > 0 && answer.points.length > 0) {
      parts.push(...curveParts(answer))
    }
    content.replaceChildren(...parts)
  }

  const curveParts = (answer: PausesAnswer): Node[] => {
    const line = el('p', {class: 'curve-line'})
    const say = (marked: number): void => {
      const point = answer.points[marked]
      line.replaceChildren(
        point === undefined
          ? el('span', {
              class: 'soft',
              text: 'The share of a window that is left at worst, by its length. Click a length for its worst windows.',
            })
          : pointText(trace, answer, point),
      )
    }
    say(-1)
    const curve = curveCanvas(app, answer, {onMark: say, onChoose: choose})
    const worst = answer.worst ?? []
    const list =
      worst.length === 0
        ? el('p', {class: 'soft', text: 'No window of this length has lost anything.'})
        : el('div', {class: 'scroll'}, worstTable(app, trace, answer).root)
    const grain =
      answer.grain > 0
        ? [
            el('p', {
              class: 'remark',
              text: `An estimate: one sample stands for up to ${formatDuration(answer.grain)}, so shorter windows say nothing.`,
            }),
          ]
        : []
    return [...grain, curve.root, line, windowChoice(answer), list]
  }

  /** Why there is no curve; of a first question, what there is instead is asked. */
  const showRefusal = (answer: PausesAnswer, why: string): void => {
    const other = TAKEN.find(one =>
      answer.offers.some(o => o.what === one && o.why_not === undefined),
    )
    if (chosenTaken === null && other !== undefined) {
      taken = other
      ask()
      return
    }
    copied = null
    showOffers(answer)
    content.replaceChildren(
      el('p', {class: 'soft', text: `${why.charAt(0).toUpperCase()}${why.slice(1)}.`}),
    )
  }

  const ask = (): void => {
    open?.cancel()
    const length = chosenWindow !== null && chosenWindow <= end - start ? chosenWindow : undefined
    const question = {what: taken, track: scope.id, start, end}
    const pending = app
      .client()
      .ask('pauses', length === undefined ? question : {...question, window: length})
    open = pending
    pending.answer.then(
      answer => {
        const why = answer.offers.find(one => one.what === taken)?.why_not
        if (why === undefined) {
          show(answer)
        } else {
          showRefusal(answer, why)
        }
      },
      error => {
        if (!(error instanceof Cancelled)) {
          const text = error instanceof Error ? error.message : String(error)
          content.replaceChildren(el('p', {class: 'remark', text}))
        }
      },
    )
  }

  const choose = (length: Nanos): void => {
    const isFocused = content.querySelector('canvas') === document.activeElement
    chosenWindow = length
    ask()
    if (isFocused) {
      void open
      refocus()
    }
  }

  /** The curve is drawn anew with its answer: who walked it by key goes on there. */
  const refocus = (): void => {
    const watch = new MutationObserver(() => {
      watch.disconnect()
      content.querySelector('canvas')?.focus()
    })
    watch.observe(content, {childList: true})
  }

  TAKEN.forEach(one => whats.append(option(one, TAKEN_TITLES[one])))
  scopes.forEach(one => whose.append(option(String(one.id), scopeText(one))))
  whats.value = taken
  whose.value = String(scope.id)
  whats.addEventListener('change', () => {
    taken = TAKEN.find(one => one === whats.value) ?? 'collector'
    chosenTaken = taken
    ask()
  })
  whose.addEventListener('change', () => {
    scope = scopes.find(one => String(one.id) === whose.value) ?? scope
    ask()
  })
  const bar = el('div', {class: 'choices'}, whats, whose)
  root.append(bar, content)
  ask()
  return {root, cancel: () => open?.cancel()}
}
