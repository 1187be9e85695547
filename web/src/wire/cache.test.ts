// SPDX-License-Identifier: MIT
import {deepEqual, equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {makeCache, overviewLevelOf, type TileCache} from './cache'
import type {Tile} from './decode'

const none32 = new Uint32Array(0)

function tile(lane: number, level: number, number: number, bytes = 1000): Tile {
  return {
    kind: 'instants',
    lane,
    level,
    number,
    bytes,
    buckets: 0,
    position: new Uint16Array(0),
    time: new Float64Array(0),
    flags: new Uint16Array(0),
    count: none32,
    firstIndex: none32,
    firstName: none32,
  }
}

const DURATION = 512 * 2 ** 10 - 1

function levels(cache: TileCache, level: number, first: number, last: number): string[] {
  return cache
    .segments(0, level, first, last)
    .map(({tile: one, from, to}) => `${one.level}:${one.number} ${from}-${to}`)
}

test('the overview level holds the whole trace in one tile', () => {
  equal(overviewLevelOf(511), 0)
  equal(overviewLevelOf(512), 1)
  equal(overviewLevelOf(DURATION), 10)
  equal(overviewLevelOf(2 ** 62), 50)
  equal(makeCache(2 ** 62).overviewLast, 8)
})

test('without anything there is nothing, with the overview there is always something', () => {
  const cache = makeCache(DURATION)
  deepEqual(levels(cache, 3, 2, 4), [])
  cache.put(tile(0, 10, 0))
  deepEqual(levels(cache, 3, 2, 4), ['10:0 8192-20480'])
})

test('the exact tile wins, then finer ones, then the nearest coarser', () => {
  const cache = makeCache(DURATION)
  cache.put(tile(0, 10, 0))
  cache.put(tile(0, 4, 1))
  cache.put(tile(0, 2, 6))
  cache.put(tile(0, 2, 7))
  cache.put(tile(0, 3, 4))
  deepEqual(levels(cache, 3, 2, 5), [
    '4:1 8192-12288',
    '2:6 12288-14336',
    '2:7 14336-16384',
    '3:4 16384-20480',
    '10:0 20480-24576',
  ])
})

test('the cache stays within its limit and keeps overviews and what was just used', () => {
  const cache = makeCache(DURATION, 100_000)
  cache.put(tile(0, 10, 0))
  for (let i = 0; i < 500; i++) {
    cache.nextFrame()
    cache.put(tile(0, 1, i))
    ok(cache.bytes() <= 100_000)
  }
  ok(cache.has(0, 10, 0))
  ok(cache.has(0, 1, 499))
  ok(!cache.has(0, 1, 0))
})
