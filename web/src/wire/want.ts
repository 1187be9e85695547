// SPDX-License-Identifier: MIT
// Which tiles a view needs, and in which order to ask for them.

import {endOf, type Viewport} from '../model/viewport'
import type {Nanos} from '../model/nanos'
import type {Want} from './api'
import type {TileCache} from './cache'
import {LEVEL_MAX, tileWidth} from './decode'

/** API.md's limits, with room to spare. */
const ENTRIES_MAX = 4000
const TILES_MAX = 16000
/** Tile numbers are 32 bits wide. */
const NUMBER_MAX = 0xffffffff

export interface TileRange {
  readonly level: number
  readonly first: number
  readonly last: number
}

/** The level whose buckets are one to two device pixels' halves: floor(log2(ns per device pixel)). */
export function levelOf(view: Viewport, pixelRatio: number, duration: Nanos): number {
  const perPixel = view.scale / pixelRatio
  let level = Math.max(0, Math.min(LEVEL_MAX, Math.floor(Math.log2(perPixel))))
  while (duration / tileWidth(level) > NUMBER_MAX) {
    level++
  }
  return level
}

/** The tiles of a view; last < first if the view lies outside of the trace. */
export function tilesOf(view: Viewport, pixelRatio: number, duration: Nanos): TileRange {
  const level = levelOf(view, pixelRatio, duration)
  const width = tileWidth(level)
  const from = Math.max(view.start, 0)
  const to = Math.min(endOf(view), duration)
  return {level, first: Math.floor(from / width), last: Math.floor(to / width)}
}

function missingRuns(cache: TileCache, lane: number, range: TileRange, out: Want[]): void {
  let run = 0
  for (let number = range.first; number <= range.last + 1; number++) {
    if (number <= range.last && !cache.has(lane, range.level, number)) {
      run++
    } else if (run > 0) {
      out.push([lane, range.level, number - run, run])
      run = 0
    }
  }
}

export interface WantedView {
  readonly range: TileRange
  /** Lanes in sight, most important first. */
  readonly lanes: readonly number[]
  /** Every lane: their overviews are always wanted, last. */
  readonly allLanes: readonly number[]
  readonly lastNumber: number
}

function neighbours(range: TileRange, lastNumber: number): readonly TileRange[] {
  const sides: TileRange[] = []
  if (range.first > 0) {
    sides.push({level: range.level, first: range.first - 1, last: range.first - 1})
  }
  if (range.last < lastNumber) {
    sides.push({level: range.level, first: range.last + 1, last: range.last + 1})
  }
  return sides
}

/** Visible tiles, then overviews, then one tile on each side; only what the cache lacks. */
export function wantsOf(cache: TileCache, view: WantedView): Want[] {
  const wants: Want[] = []
  for (const lane of view.lanes) {
    missingRuns(cache, lane, view.range, wants)
  }
  const overview = {level: cache.overviewLevel, first: 0, last: cache.overviewLast}
  for (const lane of view.allLanes) {
    if (wants.length < ENTRIES_MAX) {
      missingRuns(cache, lane, overview, wants)
    }
  }
  for (const side of neighbours(view.range, view.lastNumber)) {
    for (const lane of view.lanes) {
      missingRuns(cache, lane, side, wants)
    }
  }
  return withinLimits(wants)
}

function withinLimits(wants: readonly Want[]): Want[] {
  const kept: Want[] = []
  let tiles = 0
  for (const want of wants) {
    tiles += want[3]
    if (kept.length === ENTRIES_MAX || tiles > TILES_MAX) {
      break
    }
    kept.push(want)
  }
  return kept
}

/** Middle outward, so that what one looks at comes first. */
export function middleOutward<T>(items: readonly T[]): T[] {
  const out: T[] = []
  let low = Math.floor((items.length - 1) / 2)
  let high = low + 1
  while (low >= 0 || high < items.length) {
    if (low >= 0) {
      out.push(items[low--])
    }
    if (high < items.length) {
      out.push(items[high++])
    }
  }
  return out
}
