// SPDX-License-Identifier: MIT
// Who freed what another thread got: a small table, the darker the more.

import {formatBytes, formatCount} from '../model/quantity'
import {shown} from '../model/shown'
import type {HeapAnswer, HeapThread} from '../wire/api'
import type {App} from './app'
import {button, el, traceText} from './dom'
import {formatBlocks, formatSpread} from './heap_words'
import {copyButton} from './table'

/** In a wider table the cells are too narrow for figures. */
const FIGURES_MAX = 5

const TITLE = 'Got by one thread, freed by another'

const SPREAD_95 = 1.959964

interface Hand {
  readonly bytes: number
  readonly blocks: number
  readonly spread: number
}

function handsOf(answer: HeapAnswer): Map<string, Hand> {
  const cells = new Map<string, Hand>()
  for (const [from, to, bytes, blocks, variance] of answer.hands) {
    cells.set(`${from} ${to}`, {bytes, blocks, spread: SPREAD_95 * Math.sqrt(variance)})
  }
  return cells
}

function nameOf({label, tid}: HeapThread): string {
  return `${shown(label === '' ? 'thread' : label)} ${tid}`
}

function cellOf(answer: HeapAnswer, hand: Hand | undefined, at: Place, most: number): HTMLElement {
  if (hand === undefined) {
    return el('td', {})
  }
  const [from, to] = [answer.threads[at.from], answer.threads[at.to]].map(nameOf)
  const spread = formatSpread(hand.spread)
  const bytes = formatBytes(hand.bytes)
  const facts = `${bytes}${spread === '' ? '' : ` ${spread}`} in ${formatBlocks(hand.blocks)}`
  const isOwn = at.from === at.to
  const title = isOwn ? `${from} freed itself ${facts}` : `${from} got, ${to} freed ${facts}`
  const heat = el('span', {class: 'heat'})
  heat.style.opacity = String(isOwn ? 0 : 0.12 + (0.68 * hand.bytes) / Math.max(most, 1))
  const isWide = answer.threads.length <= FIGURES_MAX
  const text = isWide ? bytes : isOwn ? '·' : ''
  return el('td', {class: isOwn ? 'own' : '', title}, heat, el('span', {class: 'figure', text}))
}

interface Place {
  readonly from: number
  readonly to: number
}

function rowHead(app: App, thread: HeapThread, number: number): HTMLElement {
  const {track} = thread
  const name = nameOf(thread)
  const text =
    track === undefined
      ? traceText(name)
      : button(name, `${name}: show it`, () => app.showTrack(track), 'link')
  const head = el('th', {}, el('span', {class: 'faint', text: `${number} `}), text)
  head.scope = 'row'
  return head
}

function columnHead(thread: HeapThread, number: number): HTMLElement {
  const head = el('th', {text: String(number), title: nameOf(thread)})
  head.scope = 'col'
  return head
}

/** Exact numbers with tabs. */
function textOf(answer: HeapAnswer): string {
  const lines = answer.hands.map(([from, to, bytes, blocks]) => {
    const [got, freed] = [answer.threads[from], answer.threads[to]]
    return got === undefined || freed === undefined
      ? ''
      : [nameOf(got), nameOf(freed), bytes, blocks].join('\t')
  })
  return ['Got by\tFreed by\tBytes\tBlocks', ...lines.filter(line => line !== '')].join('\n')
}

function heatTable(app: App, answer: HeapAnswer): HTMLElement {
  const {threads} = answer
  const cells = handsOf(answer)
  const most = answer.hands.reduce(
    (max, [from, to, bytes]) => (from === to ? max : Math.max(max, bytes)),
    0,
  )
  const head = el(
    'tr',
    {},
    el('th', {class: 'corner', text: 'Got by \\ freed by'}),
    ...threads.map((thread, at) => columnHead(thread, at + 1)),
  )
  const rows = threads.map((thread, from) =>
    el(
      'tr',
      {},
      rowHead(app, thread, from + 1),
      ...threads.map((_, to) => cellOf(answer, cells.get(`${from} ${to}`), {from, to}, most)),
    ),
  )
  const isWide = threads.length <= FIGURES_MAX
  const table = el('table', {class: `hands${isWide ? ' with-figures' : ''}`})
  table.append(el('thead', {}, head), el('tbody', {}, ...rows))
  return el('div', {class: 'scroll'}, table)
}

/** Which thread freed what which had got; one sentence where none took from another. */
export function handsPart(app: App, answer: HeapAnswer): HTMLElement[] {
  const crossed = answer.hands.filter(([from, to]) => from !== to)
  const [count, bytes] = answer.hands_left_out
  if (answer.hands.length === 0) {
    return []
  }
  if (crossed.length === 0 && count === 0) {
    return [
      el('h3', {text: TITLE}),
      el('p', {class: 'soft', text: 'Every block was freed by the thread that got it.'}),
    ]
  }
  const rest = `${formatCount(count)} more pairs of threads, ${formatBytes(bytes)}, are left out.`
  const copy = copyButton('These pairs with tabs, exact', () => textOf(answer))
  return [
    el('div', {class: 'tabs'}, el('h3', {text: TITLE}), el('span', {class: 'spring'}), copy),
    heatTable(app, answer),
    ...(count > 0 ? [el('p', {class: 'soft', text: rest})] : []),
  ]
}
