// SPDX-License-Identifier: MIT
// What a flame graph is of: functions in a tree, what they weigh, and how that is said.

import type {Node} from '../model/flame'
import {formatDuration, formatFigure} from '../model/nanos'
import {formatCount, formatPlural} from '../model/quantity'
import type {FlameAnswer, FlameFunction} from '../wire/api'

export interface FlameWords {
  /** A weight in a sentence, and in a column. */
  readonly weight: (value: number) => string
  readonly figure: (value: number) => string
  /** `3 samples`, and the title and hint of their column. */
  readonly counted: (count: number) => string
  readonly countTitle: string
  readonly countHint: string
  readonly selfHint: string
  readonly totalHint: string
  readonly shareHint: string
}

export interface FlameContent {
  readonly functions: readonly FlameFunction[]
  readonly nodes: readonly Node[]
  /** All of it, also what no function is known of. */
  readonly weight: number
  readonly summary: string
  /** Said in place of a graph without nodes. */
  readonly empty: string
  readonly words: FlameWords
  /** A node that stands for what nothing is known of: grey. */
  readonly unseen?: number
  /** Of estimates: half the width of a node's 95 % interval. */
  readonly spread?: (node: number) => number
}

const SAMPLE_WORDS: FlameWords = {
  weight: formatDuration,
  figure: formatFigure,
  counted: count => formatPlural(count, 'sample'),
  countTitle: 'Samples',
  countHint: 'How many found it',
  selfHint: 'Time in the function itself',
  totalHint: 'With what it called',
  shareHint: 'Total as a share of all samples',
}

function summaryOf(answer: FlameAnswer): string {
  const parts = [`${formatPlural(answer.samples, 'sample')}, ${formatDuration(answer.weight)}`]
  if (answer.unknown > 0) {
    parts.push(`${formatCount(answer.unknown)} without a stack`)
  }
  if (answer.left_out > 0) {
    parts.push(`${formatPlural(answer.left_out, 'small branch', 'small branches')} left out`)
  }
  return parts.join(' · ')
}

/** Where time went, as samples found it. */
export function flameOfSamples(answer: FlameAnswer): FlameContent {
  return {
    functions: answer.functions,
    nodes: answer.nodes,
    weight: answer.weight,
    summary: summaryOf(answer),
    empty: answer.samples > 0 ? 'No sample here has a stack.' : 'No samples here.',
    words: SAMPLE_WORDS,
  }
}
