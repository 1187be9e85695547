// SPDX-License-Identifier: MIT
import {deepEqual, equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {amountOf, heapTree, lifeBars, lifeBounds, SUMS} from './heap'

/** alive, before, kept, got, freed, overdue, touched: bytes, blocks, variance. */
const sums = (...bytes: readonly number[]): number[] =>
  Array.from({length: SUMS}, (_, at) =>
    at % 3 === 0 ? (bytes[at / 3] ?? 0) : at % 3 === 1 && (bytes[(at - 1) / 3] ?? 0) > 0 ? 1 : 0,
  )

test('growth is what is alive at the end less what was at the start', () => {
  const row = sums(100, 30, 20, 90, 10, 5)
  equal(amountOf(row, 'growth').bytes, 70)
  equal(amountOf(row, 'got').bytes, 90)
  equal(amountOf(row, 'overdue').bytes, 5)
  equal(amountOf(sums(0, 0, 0, 0, 0, 0, 4096), 'touched').bytes, 4096)
  equal(amountOf(sums(10, 30), 'growth').bytes, -20)
})

test('what is alive at both ends makes growth no less sure', () => {
  const row = sums(100, 30, 30)
  row[2] = 500
  row[5] = 400
  row[8] = 400
  equal(Math.round(amountOf(row, 'growth').spread), Math.round(1.959964 * 10))
  row[8] = 1000
  equal(amountOf(row, 'growth').spread, 0)
})

test('a tree has totals of its own sums, and only branches that weigh something', () => {
  const rows = [
    [-1, 0, ...sums(0)],
    [0, 1, ...sums(100, 0, 0, 300)],
    [0, 2, ...sums(0, 0, 0, 50)],
    [1, 3, ...sums(20, 40)],
  ]
  const alive = heapTree(rows, 'alive')
  deepEqual(alive.nodes, [
    [-1, 0, 120, 0, 2],
    [0, 1, 120, 100, 2],
    [1, 3, 20, 20, 1],
  ])
  equal(alive.weight, 120)
  equal(heapTree(rows, 'got').nodes.length, 3)
  deepEqual(heapTree(rows, 'overdue').nodes, [])
})

test('places that shrank take no width from those that grew', () => {
  const rows = [
    [-1, 0, ...sums(0)],
    [0, 1, ...sums(100)],
    [0, 2, ...sums(0, 70)],
  ]
  const growth = heapTree(rows, 'growth')
  equal(growth.weight, 100)
  equal(growth.shrunk, 70)
  equal(growth.nodes.length, 2)
})

test('lives stand side by side without a step left out', () => {
  deepEqual(
    lifeBars([
      [5, 2],
      [8, 1],
    ]).map(bar => bar.blocks),
    [2, 0, 0, 1],
  )
  deepEqual(lifeBars([]), [])
  deepEqual(lifeBounds(0), [0, 1])
  deepEqual(lifeBounds(4), [8, 16])
  ok(lifeBars([[1e9, 1]]).length === 0)
})
