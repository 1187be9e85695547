// SPDX-License-Identifier: MIT
// Where the events come from: what recorded, what it lost, whether its clock agrees, and what is
// missing, why, and what would enable it.

import {formatDuration} from '../model/nanos'
import {formatCount, formatPlural} from '../model/quantity'
import type {Source} from '../model/trace'
import {el, traceText} from './dom'

interface Mark {
  readonly sign: string
  readonly word: string
  readonly className: string
}

function markOf(source: Source): Mark {
  switch (source.state) {
    case 'recorded':
      return {sign: '✓', word: 'recorded', className: 'good'}
    default:
      return {sign: '✕', word: 'missing', className: 'bad'}
  }
}

/** The self-test in a sentence; '' if there was none. */
export function clockText(source: Source): string {
  const checks = source.checks ?? 0
  const misses = source.misses ?? 0
  if (checks === 0) {
    return ''
  }
  if (misses > 0) {
    return `its clock is off: ${formatCount(misses)} of ${formatPlural(checks, 'check')} failed`
  }
  const slack = source.slack === undefined ? '' : `, within ${formatDuration(source.slack)}`
  return `clock checked ${formatCount(checks)}×${slack}`
}

/** Their events stand in the streams of threads, and are counted there. */
const COUNTED_WITH_THREADS = new Set([
  'spans',
  'preload',
  'alloc',
  'alloc-full',
  'alloc-stacks',
  'locks',
  'gc',
])

function factsOf(source: Source): string {
  const parts: string[] = []
  if (COUNTED_WITH_THREADS.has(source.name) && source.events === 0) {
    return ''
  }
  if (source.events !== undefined) {
    parts.push(formatPlural(source.events, 'event'))
  }
  if (source.lost !== undefined) {
    parts.push(source.lost === 0 ? 'none lost' : `${formatCount(source.lost)} lost`)
  }
  const clock = clockText(source)
  return [...parts, ...(clock === '' ? [] : [clock])].join(' · ')
}

function isBad(source: Source): boolean {
  return (source.misses ?? 0) > 0 || (source.lost ?? 0) > 0
}

function item(source: Source): HTMLElement {
  const {sign, word, className} = markOf(source)
  const text = el(
    'div',
    {},
    traceText(source.name, 'strong'),
    el('span', {class: 'soft', text: ` ${word}`}),
  )
  const facts = factsOf(source)
  if (facts !== '') {
    text.append(el('div', {class: isBad(source) ? 'warn' : 'soft', text: facts}))
  }
  if (source.why !== undefined && source.why !== '') {
    const why = el('div', {class: 'soft'}, traceText(source.why))
    text.append(why)
  }
  const mark = el('span', {class: `sign ${className}`, text: sign, title: word})
  mark.setAttribute('aria-hidden', 'true')
  return el('li', {}, mark, text)
}

/** Nobody asked for these: one line for all. */
function idleItem(sources: readonly Source[]): HTMLElement {
  const mark = el('span', {class: 'sign idle', text: '–'})
  const names = sources.flatMap((source, i) => [...(i > 0 ? [', '] : []), traceText(source.name)])
  mark.setAttribute('aria-hidden', 'true')
  return el('li', {}, mark, el('div', {class: 'soft'}, 'not asked for: ', ...names))
}

export function sourceList(sources: readonly Source[]): HTMLElement {
  const of = (...states: string[]): Source[] => sources.filter(({state}) => states.includes(state))
  const idle = sources.filter(({state}) => state !== 'recorded' && state !== 'missing')
  return el(
    'ul',
    {class: 'sources'},
    ...of('recorded').map(item),
    ...of('missing').map(item),
    ...(idle.length > 0 ? [idleItem(idle)] : []),
  )
}

/** One line, with the list behind it; the list is open where something is missing or went wrong. */
export function sourceFold(sources: readonly Source[]): HTMLElement {
  const recorded = sources.filter(({state}) => state === 'recorded')
  const missing = sources.filter(({state}) => state === 'missing').length
  const isFine = missing === 0 && !recorded.some(isBad)
  const words = [
    formatPlural(recorded.length, 'source'),
    ...(recorded.some(isBad) ? [] : ['none lost']),
    ...(missing > 0 ? [`${missing} missing`] : []),
  ]
  const summary = el('summary', {}, el('span', {text: words.join(' · ')}))
  const fold = el('details', {class: 'fold'}, summary, sourceList(sources))
  fold.open = !isFine
  return fold
}

/** Sources whose stamps cannot be trusted. */
export function strayClocks(sources: readonly Source[]): readonly Source[] {
  return sources.filter(source => (source.misses ?? 0) > 0)
}
