// SPDX-License-Identifier: MIT
import {deepEqual, equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {addToColumns, barHeight, clearColumns, makeColumns, paintColumns} from './columns'
import {colourNames} from './colour'

test('busy time is spread over pixels and never gained or lost', () => {
  const columns = makeColumns()
  clearColumns(columns, 100)
  addToColumns(columns, 10.25, 13.5, 1, 5, 1, true)
  deepEqual([...columns.busy.slice(9, 15)], [0, 0.75, 1, 1, 0.5, 0])
  clearColumns(columns, 100)
  ok(columns.busy.every(value => value === 0))
})

test('an event without length leaves a mark of one pixel', () => {
  equal(barHeight(0, true, 18), 1)
  equal(barHeight(0, false, 18), 0)
})

test('a bar is full only for all, and never empty for something', () => {
  equal(barHeight(0.99, false, 18), 17)
  equal(barHeight(1, false, 18), 18)
  equal(barHeight(1e-6, false, 18), 1)
})

test('the longest gives a pixel its name', () => {
  const columns = makeColumns()
  clearColumns(columns, 10)
  addToColumns(columns, 2, 2.5, 0.1, 7, 1, true)
  addToColumns(columns, 2.5, 3, 1, 3, 2, true)
  equal(columns.name[2], 1)
})

test('painting writes every pixel, bars from the bottom on a faint ground', () => {
  const columns = makeColumns()
  clearColumns(columns, 2)
  addToColumns(columns, 1, 2, 0.5, 1, 0, true)
  const image = new Uint32Array(2 * 4).fill(9)
  const colours = colourNames(['a'], false, null)
  paintColumns(columns, image, 4, colours, 1)
  const {bar, tint} = colours.of(0)
  deepEqual([...image], [1, tint, 1, tint, 1, bar, 1, bar])
})
