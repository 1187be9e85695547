// SPDX-License-Identifier: MIT
// Where threads slept, as a flame graph: beside the functions that stacks tell of, a box for the time in
// which nobody looked, so that the whole is all the time that the threads slept.

import {formatDuration, formatFigure} from '../model/nanos'
import {formatCount, formatPlural} from '../model/quantity'
import type {Track} from '../model/trace'
import type {SleepsAnswer, Stretch} from '../wire/api'
import type {App} from './app'
import {askedPart, type Asked} from './asked'
import {el} from './dom'
import type {FlameContent, FlameWords} from './flame_content'
import {flamePart} from './flame_part'

const NOT_LOOKED_AT = '[not looked at]'

export function hasLooks(track: Track | undefined): boolean {
  return (track?.looks ?? 0) > 0
}

/** Estimates are marked wherever they stand. */
function wordsOf({all}: SleepsAnswer): FlameWords {
  const isOfLooks = all.count > 0 && all.estimated === all.total
  const mark = all.estimated > 0 ? '≈ ' : ''
  return {
    weight: value => `${mark}${formatDuration(value)}`,
    figure: value => `${mark}${formatFigure(value)}`,
    counted: count => formatPlural(count, isOfLooks ? 'look' : 'sleep'),
    countTitle: isOfLooks ? 'Looks' : 'Sleeps',
    countHint: 'How many there were',
    selfHint: 'Time asleep in the function itself',
    totalHint: 'With what it called',
    shareHint: 'Total as a share of all sleep',
  }
}

function summaryOf(answer: SleepsAnswer, words: FlameWords): string {
  const {all, not_looked_at: unseen, threads} = answer
  const sleeps = words.counted(all.count)
  const parts = [
    `${words.weight(all.total)} asleep, ${sleeps} of ${formatPlural(threads, 'thread')}`,
  ]
  if (unseen.total > 0) {
    parts.push(`${formatDuration(unseen.total)} of it not looked at`)
  }
  if (answer.unknown > 0) {
    parts.push(`${formatCount(answer.unknown)} without a stack`)
  }
  if (answer.left_out > 0) {
    parts.push(`${formatPlural(answer.left_out, 'small branch', 'small branches')} left out`)
  }
  return parts.join(' · ')
}

/** What no stack tells of is a box beside those that call others. */
export function flameOfSleeps(answer: SleepsAnswer): FlameContent {
  const {functions, nodes, not_looked_at: unseen, all} = answer
  const words = wordsOf(answer)
  const known = {
    weight: all.total,
    summary: summaryOf(answer, words),
    empty: all.count > 0 ? 'No sleep here has a stack.' : 'No thread slept here.',
    words,
  }
  return unseen.total > 0
    ? {
        ...known,
        functions: [...functions, {function: NOT_LOOKED_AT}],
        nodes: [...nodes, [-1, functions.length, unseen.total, unseen.total, unseen.count]],
        unseen: nodes.length,
      }
    : {...known, functions, nodes}
}

/** How estimates came to be. */
function remark({all}: SleepsAnswer): HTMLElement[] {
  if (all.estimated === 0) {
    return []
  }
  const some =
    all.estimated < all.total ? `${formatDuration(all.estimated)} is estimated` : 'Estimated'
  const text = `≈ ${some}: when these threads ran was not recorded, so each look at one that slept stands for the time since the look before it, at most 1 s, less what samples say that it ran.`
  return [el('p', {class: 'remark', text})]
}

export function sleepsOf(app: App, stretch: Stretch): Asked {
  return askedPart(app.client().ask('sleeps', stretch), answer =>
    el(
      'div',
      {class: 'sleeps-part'},
      ...remark(answer),
      flamePart(flameOfSleeps(answer), app.theme()),
    ),
  )
}
