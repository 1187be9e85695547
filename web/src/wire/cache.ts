// SPDX-License-Identifier: MIT
// The tiles the page has, and what to draw where it has not: the exact tile, else finer ones
// shrunk, else a coarser one stretched, down to the overview, which is never thrown away. So a
// lane is never blank.

import type {Nanos} from '../model/nanos'
import {LEVEL_MAX, tileWidth, type Tile} from './decode'

/** Enough for some ten thousand ordinary tiles. */
export const CACHE_BYTES_MAX = 96 * 1024 * 1024
/** Evicting down to this at once makes evictions rare. */
const CACHE_BYTES_KEPT = 72 * 1024 * 1024

/** How many levels below the wanted one may stand in for it: 2^3 tiles at most. */
const FINER_MAX = 3

/** A part of a tile: what to draw of it. */
export interface Segment {
  readonly tile: Tile
  readonly from: Nanos
  readonly to: Nanos
  readonly isExact: boolean
}

interface Entry {
  readonly tile: Tile
  used: number
}

export interface TileCache {
  readonly has: (lane: number, level: number, number: number) => boolean
  readonly put: (tile: Tile) => void
  /** What there is for tiles [first, last] of a lane, left to right. */
  readonly segments: (lane: number, level: number, first: number, last: number) => Segment[]
  /** The whole lane: one tile, or several of a trace of more than 18 years. */
  readonly overview: (lane: number) => readonly Tile[]
  /** Call once a frame: tiles used since are the last to go. */
  readonly nextFrame: () => void
  readonly clear: () => void
  readonly bytes: () => number
  readonly overviewLevel: number
  /** Tiles of that level: numbers 0 to this. */
  readonly overviewLast: number
}

/** The level at which the whole trace is one tile, as far as there are levels. */
export function overviewLevelOf(duration: Nanos): number {
  let level = 0
  while (level < LEVEL_MAX && tileWidth(level) <= duration) {
    level++
  }
  return level
}

export function makeCache(duration: Nanos, limit = CACHE_BYTES_MAX): TileCache {
  const overviewLevel = overviewLevelOf(duration)
  const overviewLast = Math.floor(duration / tileWidth(overviewLevel))
  const rows = new Map<number, Map<number, Entry>>()
  let frame = 0
  let total = 0

  const rowKey = (lane: number, level: number): number => lane * 64 + level

  const find = (lane: number, level: number, number: number): Tile | undefined => {
    const entry = rows.get(rowKey(lane, level))?.get(number)
    if (entry === undefined) {
      return undefined
    }
    entry.used = frame
    return entry.tile
  }

  const evict = (): void => {
    const all: [Map<number, Entry>, number, Entry][] = []
    for (const row of rows.values()) {
      for (const [number, entry] of row) {
        if (entry.tile.level !== overviewLevel && entry.used !== frame) {
          all.push([row, number, entry])
        }
      }
    }
    all.sort((a, b) => a[2].used - b[2].used)
    for (const [row, number, entry] of all) {
      if (total <= Math.min(CACHE_BYTES_KEPT, limit * 0.75)) {
        break
      }
      row.delete(number)
      total -= entry.tile.bytes
    }
  }

  const put = (tile: Tile): void => {
    const key = rowKey(tile.lane, tile.level)
    let row = rows.get(key)
    if (row === undefined) {
      row = new Map()
      rows.set(key, row)
    }
    const old = row.get(tile.number)
    total += tile.bytes - (old?.tile.bytes ?? 0)
    row.set(tile.number, {tile, used: frame})
    if (total > limit) {
      evict()
    }
  }

  /** The finer tiles that together are this one; null if one is missing. */
  const finer = (lane: number, level: number, number: number, depth: number): Tile[] | null => {
    const exact = find(lane, level, number)
    if (exact !== undefined) {
      return [exact]
    }
    if (depth === 0 || level === 0) {
      return null
    }
    const left = finer(lane, level - 1, number * 2, depth - 1)
    const right = left === null ? null : finer(lane, level - 1, number * 2 + 1, depth - 1)
    return left === null || right === null ? null : [...left, ...right]
  }

  const coarser = (lane: number, level: number, number: number): Tile | undefined => {
    let parent = number
    for (let above = level + 1; above <= overviewLevel; above++) {
      parent = Math.floor(parent / 2)
      const tile = find(lane, above, parent)
      if (tile !== undefined) {
        return tile
      }
    }
    return undefined
  }

  const whole = (tile: Tile, isExact: boolean): Segment => {
    const width = tileWidth(tile.level)
    return {tile, from: tile.number * width, to: (tile.number + 1) * width, isExact}
  }

  const cover = (lane: number, level: number, number: number, out: Segment[]): void => {
    const exact = find(lane, level, number)
    if (exact !== undefined) {
      out.push(whole(exact, true))
      return
    }
    const children = finer(lane, level, number, FINER_MAX)
    if (children !== null) {
      out.push(...children.map(tile => whole(tile, false)))
      return
    }
    const parent = coarser(lane, level, number)
    if (parent !== undefined) {
      const width = tileWidth(level)
      const to = (number + 1) * width
      const last = out[out.length - 1]
      if (last !== undefined && last.tile === parent) {
        out[out.length - 1] = {...last, to}
      } else {
        out.push({tile: parent, from: number * width, to, isExact: false})
      }
    }
  }

  return {
    overviewLevel,
    overviewLast,
    has: (lane, level, number) => rows.get(rowKey(lane, level))?.has(number) ?? false,
    put,
    segments: (lane, level, first, last) => {
      const out: Segment[] = []
      for (let number = first; number <= last; number++) {
        cover(lane, level, number, out)
      }
      return out
    },
    overview: lane => {
      const tiles: Tile[] = []
      for (let number = 0; number <= overviewLast; number++) {
        const tile = find(lane, overviewLevel, number)
        if (tile !== undefined) {
          tiles.push(tile)
        }
      }
      return tiles
    },
    nextFrame: () => {
      frame++
    },
    clear: () => {
      rows.clear()
      total = 0
    },
    bytes: () => total,
  }
}
