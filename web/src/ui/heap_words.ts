// SPDX-License-Identifier: MIT
// How the measures of memory are called and said.

import {amountOf, type Amount, type Measure} from '../model/heap'
import {formatBytes, formatGrowth, formatPlural, formatShort} from '../model/quantity'
import type {HeapAnswer} from '../wire/api'
import type {FlameWords} from './flame_content'

const MEASURES: readonly Measure[] = ['alive', 'growth', 'got', 'freed', 'overdue', 'touched']

/** Those that there is something to say of: blocks where any is told, pages where faults are. */
export function measuresOf(answer: HeapAnswer): Measure[] {
  return MEASURES.filter(measure => {
    if (measure === 'touched') {
      return amountOf(answer.total.sums, 'touched').bytes > 0
    }
    return answer.events > 0 && (measure !== 'growth' || answer.start > 0)
  })
}

export const MEASURE_TITLES: Readonly<Record<Measure, string>> = {
  alive: 'Alive',
  growth: 'Growth',
  got: 'Got',
  freed: 'Freed',
  overdue: 'Overdue',
  touched: 'Touched',
}

/** One sentence under the choice. */
export function measureHint(answer: HeapAnswer, measure: Measure): string {
  const isRange = answer.start > 0
  switch (measure) {
    case 'alive':
      return `Got and not freed until the end${isRange ? ' of the range' : ''}.`
    case 'growth':
      return 'Alive at the end of the range, less what was alive at its start.'
    case 'got':
      return isRange ? 'Got in the range, freed or not.' : 'All that was got, freed or not.'
    case 'freed':
      return isRange ? 'Given back in the range, whenever it was got.' : 'All that was given back.'
    case 'overdue':
      return 'Alive, and older than any block of its place that was freed became: what may have leaked.'
    case 'touched':
      return `Pages that were touched first${isRange ? ' in the range' : ''}, whoever gave the memory: 4 KiB for each page fault, of which some are recorded.`
  }
}

export function emptyText(measure: Measure): string {
  switch (measure) {
    case 'alive':
      return 'Nothing is alive here.'
    case 'growth':
      return 'Nothing grew in this range.'
    case 'got':
      return 'Nothing was got here.'
    case 'freed':
      return 'Nothing was freed here.'
    case 'overdue':
      return 'Nothing is overdue: every place has freed blocks as old as what it has now.'
    case 'touched':
      return 'No page was touched first here.'
  }
}

export function formatAmount({bytes}: Amount, measure: Measure): string {
  return measure === 'growth' ? formatGrowth(bytes) : formatBytes(bytes)
}

/** `± 80 KiB`; nothing where it is exact. */
export function formatSpread(spread: number): string {
  return spread > 0 ? `±\u00a0${formatBytes(spread)}` : ''
}

const unitOf = (measure: Measure): string => (measure === 'touched' ? 'page' : 'block')

export function formatBlocks(count: number, measure: Measure = 'alive'): string {
  const sign = count < 0 ? '\u2212' : ''
  return `${sign}${formatPlural(Math.round(Math.abs(count)), unitOf(measure))}`
}

/** Where there is little room: `357 k blocks`. */
export function briefBlocks(count: number): string {
  const sign = count < 0 ? '\u2212' : ''
  const size = Math.round(Math.abs(count))
  return `${sign}${formatShort(size)} ${size === 1 ? 'block' : 'blocks'}`
}

const HEAP_WORDS: FlameWords = {
  weight: formatBytes,
  figure: formatBytes,
  counted: count => formatPlural(Math.round(count), 'block'),
  countTitle: 'Blocks',
  countHint: 'How many blocks',
  selfHint: 'Bytes that the function itself got',
  totalHint: 'With what it called',
  shareHint: 'Total as a share of all',
}

/** Of pages there is no allocator who got them. */
const TOUCHED_WORDS: FlameWords = {
  ...HEAP_WORDS,
  counted: count => formatPlural(Math.round(count), 'page'),
  countTitle: 'Pages',
  countHint: 'How many pages',
  selfHint: 'Bytes that the function itself touched',
}

export function wordsOf(measure: Measure): FlameWords {
  return measure === 'touched' ? TOUCHED_WORDS : HEAP_WORDS
}
