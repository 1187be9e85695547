// SPDX-License-Identifier: MIT
import {deepEqual, equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {
  decadesIn,
  formatLeft,
  placeOf,
  pointAt,
  shareLeft,
  windowsToChoose,
  type CurvePoint,
} from './utilisation'

const POINTS: readonly CurvePoint[] = [
  [1000, 1000, 5, 1],
  [10_000, 4000, 5, 1],
  [1_000_000, 4000, 0, 1],
]

test('a share is what the window has left', () => {
  equal(shareLeft(POINTS[0]), 0)
  equal(shareLeft(POINTS[1]), 0.6)
  equal(formatLeft(POINTS[1]), '60.00\u202f%')
})

test('a share is never rounded to all or to nothing', () => {
  equal(formatLeft([1e9, 1, 0, 0]), '>\u202f99.99\u202f%')
  equal(formatLeft([1e9, 1e9 - 1, 0, 0]), '<\u202f0.01\u202f%')
  equal(formatLeft([1e9, 0, 0, 0]), '100.00\u202f%')
  equal(formatLeft([1e9, 1e9, 0, 0]), '0.00\u202f%')
})

test('lengths stand by their logarithm', () => {
  equal(placeOf(1000, POINTS), 0)
  equal(placeOf(1_000_000, POINTS), 1)
  ok(Math.abs(placeOf(10_000, POINTS) - 1 / 3) < 1e-12)
  equal(placeOf(7, [[7, 0, 0, 0]]), 0.5)
})

test('the nearest point is found', () => {
  equal(pointAt(0.3, POINTS), 1)
  equal(pointAt(-1, POINTS), 0)
  equal(pointAt(2, POINTS), 2)
})

test('lengths to choose lie within the curve, and the chosen one is among them', () => {
  deepEqual(decadesIn(500, 20_000), [1000, 10_000])
  deepEqual(windowsToChoose([POINTS[0], POINTS[1]], 3333), [1000, 2000, 3333, 5000, 10_000])
  deepEqual(windowsToChoose([], 5), [5])
})
