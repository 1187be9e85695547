// SPDX-License-Identifier: MIT
import {deepEqual, equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {makeCache} from './cache'
import {levelOf, middleOutward, tilesOf, wantsOf} from './want'

test('the level is floor(log2(ns per device pixel)), and never so fine that numbers overflow', () => {
  const view = {start: 0, scale: 1000, width: 1000}
  equal(levelOf(view, 1, 1e9), 9)
  equal(levelOf(view, 2, 1e9), 8)
  equal(levelOf({...view, scale: 0.125}, 2, 1e9), 0)
  equal(levelOf({...view, scale: 0.125}, 1, 3600e9 * 24), 6)
})

test('a view needs at most twice its width in buckets', () => {
  for (let scale = 0.2; scale < 1e6; scale *= 1.37) {
    const range = tilesOf({start: 12345, scale, width: 2000}, 1, 1e12)
    ok(range.last - range.first <= Math.ceil((2 * 2000) / 512) + 1)
  }
})

test('visible tiles come first, then overviews, then neighbours; nothing that is there', () => {
  const cache = makeCache(1e6)
  const range = {level: 3, first: 10, last: 11}
  const wants = wantsOf(cache, {range, lanes: [5], allLanes: [5, 6], lastNumber: 100})
  deepEqual(wants, [
    [5, 3, 10, 2],
    [5, cache.overviewLevel, 0, 1],
    [6, cache.overviewLevel, 0, 1],
    [5, 3, 9, 1],
    [5, 3, 12, 1],
  ])
})

test('a view asks for no more than the server allows', () => {
  const lanes = Array.from({length: 9000}, (_, i) => i)
  const range = {level: 0, first: 0, last: 3}
  const wants = wantsOf(makeCache(1e9), {range, lanes, allLanes: lanes, lastNumber: 1e6})
  ok(wants.length <= 4096)
  ok(wants.reduce((sum, want) => sum + want[3], 0) <= 16384)
})

test('the middle comes first', () => {
  deepEqual(middleOutward([1, 2, 3, 4, 5]), [3, 4, 2, 5, 1])
  deepEqual(middleOutward([]), [])
})
