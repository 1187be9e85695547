// SPDX-License-Identifier: MIT
// The tab Pauses: minimum mutator utilisation of a range as a curve, and the worst windows of a
// length that is chosen in it.

import {formatDuration, type Nanos} from '../model/nanos'
import {formatPlural} from '../model/quantity'
import {laneOfTrack, type Trace, type Track} from '../model/trace'
import {TAKEN, TAKEN_TITLES, takenWords, windowsToChoose, type Taken} from '../model/utilisation'
import type {PausesAnswer} from '../wire/api'
import {Cancelled} from '../wire/client'
import type {App} from './app'
import type {Asked} from './asked'
import {el} from './dom'
import {curveCanvas} from './pauses_curve'
import {pointText, summary, textOf, worstTable} from './pauses_words'
import {copyButton} from './table'

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

/** Curves that the trace has no data for, and why. */
function missingPart(answer: PausesAnswer): HTMLElement[] {
  const missing = answer.offers.filter(offer => offer.why_not !== undefined)
  const titleOf = (what: string): string =>
    TAKEN_TITLES[TAKEN.find(one => one === what) ?? 'collector']
  if (missing.length === 0) {
    return []
  }
  const items = missing.map(({what, why_not: why = ''}) =>
    el('li', {}, el('span', {class: 'strong', text: `${titleOf(what)}: `}), why),
  )
  const head = el('summary', {text: `${formatPlural(missing.length, 'curve')} cannot be had here`})
  return [el('details', {class: 'missing'}, head, el('ul', {}, ...items))]
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
    const isThread =
      (answer.points[0]?.[3] ?? answer.track) !== answer.track || scope.kind === 'thread'
    const parts: Node[] = [
      el('p', {class: 'soft', text: takenWords(taken, isThread)}),
      el('p', {class: 'lead', text: summary(answer)}),
    ]
    if (answer.pieces > 0 && answer.points.length > 0) {
      parts.push(...curveParts(answer))
    }
    content.replaceChildren(...parts, ...missingPart(answer))
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
      el('p', {class: 'soft', text: `${TAKEN_TITLES[taken]}: ${why}.`}),
      ...missingPart(answer),
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
