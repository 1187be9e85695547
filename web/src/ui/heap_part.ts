// SPDX-License-Identifier: MIT
// Memory of the trace or of a range: what is alive, grew, was got, freed, is overdue, by functions and
// by places; who freed what another got; pools; what was touched, and what is in RAM. The chosen measure stays from range to range.

import {amountOf, heapTree, type Measure} from '../model/heap'
import type {Nanos} from '../model/nanos'
import {formatBytes, formatPlural, formatShare} from '../model/quantity'
import {shown} from '../model/shown'
import type {Trace, Track} from '../model/trace'
import type {HeapAnswer, HeapPool, HeapSoFar} from '../wire/api'
import {Cancelled, type Client} from '../wire/client'
import type {App} from './app'
import type {Asked} from './asked'
import {el, traceText} from './dom'
import {flamePart} from './flame_part'
import {curvePart} from './heap_curve'
import {handsPart} from './heap_hands'
import {placesPart} from './heap_places'
import {
  emptyText,
  formatAmount,
  briefBlocks,
  formatSpread,
  MEASURE_TITLES,
  measureHint,
  measuresOf,
  wordsOf,
} from './heap_words'
import {makeTable, type Column} from './table'

/** Answers that are kept for when somebody comes back to them: a walk may take seconds. */
const KEPT = 4

let chosen: Measure = 'alive'

const kept = new WeakMap<Client, Map<string, HeapAnswer>>()

/** The processes of these threads of whose memory something is told. */
export function memoryPids(trace: Trace, tracks: readonly Track[]): number[] {
  const told = new Set(trace.tracks.filter(track => (track.memory ?? 0) > 0).map(({pid}) => pid))
  return [...new Set(tracks.map(({pid}) => pid))].filter(pid => told.has(pid))
}

function remarksOf(answer: HeapAnswer): string[] {
  const said: string[] = []
  if (answer.lost > 0) {
    said.push(
      `${formatPlural(answer.lost, 'event')} of these threads were lost: what seems alive may have been freed, and some is missing.`,
    )
  }
  if (answer.damaged > 0) {
    said.push(`${formatPlural(answer.damaged, 'damaged chunk')} left out.`)
  }
  return said
}

function notesOf(answer: HeapAnswer): string {
  const said: string[] = []
  if (answer.is_sampled) {
    said.push('By a sample: ± holds the truth 95 times of 100.')
  }
  if (answer.unmatched > 0) {
    said.push(`${formatPlural(answer.unmatched, 'free')} of blocks that are not known.`)
  }
  return said.join(' ')
}

/** The measures with their figures; the chosen one is shown below. */
function measureBar(
  answer: HeapAnswer,
  measures: readonly Measure[],
  onMeasure: (measure: Measure) => void,
): HTMLElement {
  const bar = el('div', {class: 'measures', role: 'group', label: 'What to show'})
  for (const measure of measures) {
    const amount = amountOf(answer.total.sums, measure)
    const made = el(
      'button',
      {class: measure === chosen ? 'on' : '', title: measureHint(answer, measure)},
      el('span', {class: 'title', text: MEASURE_TITLES[measure]}),
      el('span', {class: 'amount', text: formatAmount(amount, measure)}),
      el('span', {
        class: 'soft',
        text:
          measure === 'touched'
            ? ''
            : answer.is_sampled
              ? formatSpread(amount.spread)
              : briefBlocks(amount.blocks),
      }),
    )
    made.type = 'button'
    made.setAttribute('aria-pressed', String(measure === chosen))
    made.addEventListener('click', () => onMeasure(measure))
    bar.append(made)
  }
  return bar
}

function flameOfHeap(app: App, answer: HeapAnswer): HTMLElement {
  const tree = heapTree(answer.nodes, chosen)
  const amount = amountOf(answer.total.sums, chosen)
  const whole = chosen === 'growth' ? tree.weight : Math.max(amount.bytes, tree.weight)
  const said = [
    ...(chosen === 'growth' ? [`${formatBytes(tree.weight)} grew`] : []),
    ...(tree.shrunk > 0 ? [`${formatBytes(tree.shrunk)} shrank elsewhere`] : []),
    ...(whole > tree.weight ? [`${formatBytes(whole - tree.weight)} without a stack`] : []),
    ...(answer.left_out > 0
      ? [`${formatPlural(answer.left_out, 'small branch', 'small branches')} left out`]
      : []),
  ]
  return flamePart(
    {
      functions: answer.functions,
      nodes: tree.nodes,
      weight: whole,
      summary: said.join(' · '),
      empty: amount.blocks > 0 ? 'Of nothing here a stack is known.' : emptyText(chosen),
      words: wordsOf(chosen),
      spread: node => tree.spread[node] ?? 0,
    },
    app.theme(),
  )
}

function poolsPart(answer: HeapAnswer): HTMLElement[] {
  if (answer.pools.length === 0) {
    return []
  }
  const figure = (
    title: string,
    hint: string,
    value: (pool: HeapPool) => number,
  ): Column<HeapPool> => ({
    title,
    hint,
    isNumber: true,
    value,
    cell: pool => formatBytes(value(pool)),
  })
  const name = (pool: HeapPool): string => (pool.name === '' ? pool.pool : pool.name)
  const columns: readonly Column<HeapPool>[] = [
    {
      title: 'Pool',
      hint: 'Sort by name',
      isNumber: false,
      value: name,
      cell: pool => {
        const text = traceText(name(pool))
        text.title = `${shown(pool.name)} ${pool.pool}, process ${pool.pid}`
        return text
      },
    },
    figure('Has', 'Bytes that it has at the end', pool => pool.has),
    figure('Gave out', 'Of which so many are given out', pool => pool.gave),
    {
      title: 'Share',
      hint: 'Given out, as a share of what it has',
      isNumber: true,
      value: pool => pool.gave / Math.max(pool.has, 1),
      cell: pool => (pool.has > 0 ? formatShare(pool.gave / pool.has) : ''),
    },
  ]
  const rest = `${formatPlural(answer.pools_left_out, 'pool')} left out.`
  return [
    el('h3', {text: 'Pools of the program'}),
    el('div', {class: 'scroll'}, makeTable(columns, answer.pools, 1).root),
    ...(answer.pools_left_out > 0 ? [el('p', {class: 'soft', text: rest})] : []),
  ]
}

/** The answer, to be seen by one measure after the other. */
export function heapPart(app: App, answer: HeapAnswer): HTMLElement {
  const root = el('div', {class: 'heap-part'})
  const measures = measuresOf(answer)
  const curve = curvePart(answer)
  if (measures.length === 0) {
    const nothing =
      answer.resident.most > 0
        ? 'Who got this memory is not recorded of this program.'
        : 'Nothing was got or freed until here.'
    root.append(...(curve === null ? [] : [curve]), el('p', {class: 'soft', text: nothing}))
    return root
  }
  chosen = measures.includes(chosen) ? chosen : measures[0]
  const top = el('div')
  const body = el('div')
  const render = (): void => {
    const bar = measureBar(answer, measures, measure => {
      chosen = measure
      render()
      top.querySelector<HTMLElement>('.measures .on')?.focus()
    })
    top.replaceChildren(bar, el('p', {class: 'soft', text: measureHint(answer, chosen)}))
    body.replaceChildren(flameOfHeap(app, answer), ...placesPart(answer, chosen))
  }
  const notes = notesOf(answer)
  render()
  root.append(
    ...remarksOf(answer).map(text => el('p', {class: 'remark', text})),
    top,
    ...(curve === null ? [] : [curve]),
    body,
    ...handsPart(app, answer),
    ...poolsPart(answer),
    ...(notes === '' ? [] : [el('p', {class: 'soft notes', text: notes})]),
  )
  return root
}

function progressPart(): {readonly root: HTMLElement; readonly tell: (part: HeapSoFar) => void} {
  const bar = el('progress', {label: 'Events looked at'})
  const text = el('span', {class: 'soft', text: 'Reading the events of memory…'})
  bar.max = 1
  bar.hidden = true
  return {
    root: el('div', {class: 'heap-progress'}, text, bar),
    tell: ({count, of}) => {
      bar.hidden = false
      bar.value = Math.min(1, count / Math.max(of, 1))
      text.textContent = `Reading the events of memory, ${formatShare(bar.value)}…`
    },
  }
}

interface Stretch {
  readonly start: Nanos
  readonly end: Nanos
  readonly pid?: number
}

/** Asks unless the answer is still there, says how far it is, and shows it. */
function heapOf(app: App, stretch: Stretch): Asked {
  const client = app.client()
  const answers = kept.get(client) ?? new Map<string, HeapAnswer>()
  kept.set(client, answers)
  const key = JSON.stringify(stretch)
  const known = answers.get(key)
  if (known !== undefined) {
    return {root: heapPart(app, known), cancel: () => undefined}
  }
  const progress = progressPart()
  const root = el('div', {}, progress.root)
  const pending = client.ask('heap', stretch, progress.tell)
  pending.answer.then(
    answer => {
      answers.set(key, answer)
      for (const old of [...answers.keys()].slice(0, -KEPT)) {
        answers.delete(old)
      }
      root.replaceChildren(heapPart(app, answer))
    },
    error => {
      if (!(error instanceof Cancelled)) {
        const text = error instanceof Error ? error.message : String(error)
        root.replaceChildren(el('p', {class: 'remark', text}))
      }
    },
  )
  return {root, cancel: pending.cancel}
}

/** Memory of these threads' processes: of one, or, where all are meant, of all together. */
export function heapTab(
  app: App,
  trace: Trace,
  tracks: readonly Track[],
  stretch: {readonly start: Nanos; readonly end: Nanos; readonly isAll: boolean},
): Asked {
  const {start, end, isAll} = stretch
  const pids = memoryPids(trace, tracks)
  const place = el('div')
  let asked: Asked | null = null
  const show = (pid: number): void => {
    asked?.cancel()
    asked = heapOf(app, pid < 0 ? {start, end} : {start, end, pid})
    place.replaceChildren(asked.root)
  }
  const choice = el('select', {label: 'Memory of which process'})
  const option = (value: number, text: string): void => {
    const made = el('option', {}, traceText(text))
    made.value = String(value)
    choice.append(made)
  }
  if (isAll && pids.length > 1) {
    option(-1, 'All processes')
  }
  for (const pid of pids) {
    const process = trace.tracks.find(track => track.kind === 'process' && track.pid === pid)
    option(pid, `${process?.label ?? 'process'} ${pid}`)
  }
  choice.addEventListener('change', () => show(Number(choice.value)))
  const note = el('p', {
    class: 'soft',
    text: 'Memory is told for whole processes, not for single threads.',
  })
  show(Number(choice.value))
  return {
    root: el('div', {}, ...(pids.length > 1 ? [choice] : []), ...(isAll ? [] : [note]), place),
    cancel: () => asked?.cancel(),
  }
}
