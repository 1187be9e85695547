// SPDX-License-Identifier: MIT
// Memory by measure: what is alive, what grew, what was got and freed, what is overdue; what was
// touched first.

import type {Node} from './flame'

export type Measure = 'alive' | 'growth' | 'got' | 'freed' | 'overdue' | 'touched'

export interface Amount {
  readonly bytes: number
  readonly blocks: number
  /** Half the width of the 95 % interval of the bytes; 0: they are exact. */
  readonly spread: number
}

interface Sum {
  readonly bytes: number
  readonly blocks: number
  readonly variance: number
}

/** Where each stands in a row of sums, times three. */
const AT = {alive: 0, before: 1, kept: 2, got: 3, freed: 4, overdue: 5, touched: 6} as const

/** Of a normal distribution, 95 % lie within so many standard deviations. */
const SPREAD_95 = 1.959964

/** Measures in a row of sums are so many numbers. */
export const SUMS = 21

function sumAt(sums: readonly number[], at: number): Sum {
  const [bytes = 0, blocks = 0, variance = 0] = sums.slice(3 * at, 3 * at + 3)
  return {bytes, blocks, variance}
}

/** What is alive at both ends is certain to have stayed, so it makes growth no less sure. */
function growthOf(sums: readonly number[]): Sum {
  const alive = sumAt(sums, AT.alive)
  const before = sumAt(sums, AT.before)
  const kept = sumAt(sums, AT.kept)
  return {
    bytes: alive.bytes - before.bytes,
    blocks: alive.blocks - before.blocks,
    variance: alive.variance + before.variance - 2 * kept.variance,
  }
}

function sumOf(sums: readonly number[], measure: Measure): Sum {
  return measure === 'growth' ? growthOf(sums) : sumAt(sums, AT[measure])
}

function spreadOf(variance: number): number {
  return variance > 0 ? SPREAD_95 * Math.sqrt(variance) : 0
}

export function amountOf(sums: readonly number[], measure: Measure): Amount {
  const {bytes, blocks, variance} = sumOf(sums, measure)
  return {bytes, blocks, spread: spreadOf(variance)}
}

export interface HeapTree {
  /** Without the branches that weigh nothing. */
  readonly nodes: readonly Node[]
  readonly weight: number
  /** Bytes by which places shrank, which no width can show; of growth only. */
  readonly shrunk: number
  readonly spread: readonly number[]
}

interface Grown {
  bytes: number
  own: number
  blocks: number
  variance: number
}

/** Own sums to totals: from the back, for parents stand before their children. */
function totalled(rows: readonly (readonly number[])[], measure: Measure): Grown[] {
  const grown = rows.map(row => {
    const {bytes, blocks, variance} = sumOf(row.slice(2), measure)
    return bytes > 0
      ? {bytes, own: bytes, blocks: Math.max(blocks, 0), variance: Math.max(variance, 0)}
      : {bytes: 0, own: 0, blocks: 0, variance: 0}
  })
  for (let at = rows.length - 1; at >= 0; at--) {
    const [parent] = rows[at]
    if (parent >= 0) {
      grown[parent].bytes += grown[at].bytes
      grown[parent].blocks += grown[at].blocks
      grown[parent].variance += grown[at].variance
    }
  }
  return grown
}

/** The tree of a measure: rows of parent, function and sums of their own, to nodes with totals. */
export function heapTree(rows: readonly (readonly number[])[], measure: Measure): HeapTree {
  const grown = totalled(rows, measure)
  const places = new Map<number, number>()
  const nodes: Node[] = []
  const spread: number[] = []
  let shrunk = 0
  rows.forEach((row, at) => {
    const {bytes, own, blocks, variance} = grown[at]
    shrunk += measure === 'growth' ? Math.max(0, -growthOf(row.slice(2)).bytes) : 0
    if (bytes > 0) {
      places.set(at, nodes.length)
      nodes.push([places.get(row[0]) ?? -1, row[1], bytes, own, Math.round(blocks)])
      spread.push(spreadOf(variance))
    }
  })
  const weight = nodes.reduce((sum, [parent, , total]) => sum + (parent < 0 ? total : 0), 0)
  return {nodes, weight, shrunk, spread}
}

/** From and up to which time blocks of so many binary digits lived. */
export function lifeBounds(digits: number): readonly [from: number, to: number] {
  return digits <= 0 ? [0, 1] : [2 ** (digits - 1), 2 ** digits]
}

export interface LifeBar {
  readonly digits: number
  readonly blocks: number
}

/** Every step between the shortest and the longest life, those without blocks too. */
export function lifeBars(lives: readonly (readonly [number, number])[]): LifeBar[] {
  const known = new Map(lives.filter(([digits]) => Number.isInteger(digits) && digits < 64))
  const all = [...known.keys()]
  const bars: LifeBar[] = []
  for (let digits = Math.min(...all); digits <= Math.max(...all); digits++) {
    bars.push({digits, blocks: known.get(digits) ?? 0})
  }
  return bars
}
