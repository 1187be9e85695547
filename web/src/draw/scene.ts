// SPDX-License-Identifier: MIT
// Everything a picture depends on. Drawing is a function of it and changes nothing.

import type {Nanos} from '../model/nanos'
import type {Layout, LaneBox} from '../model/tracks'
import type {LaneKind, Trace} from '../model/trace'
import {timeAt, type Viewport} from '../model/viewport'
import type {Segment, TileCache} from '../wire/cache'
import {bucketWidth, tileStart, type Tile} from '../wire/decode'
import {tilesOf, type TileRange} from '../wire/want'
import type {NameColours} from './colour'
import type {Theme} from './theme'

export interface Scene {
  readonly trace: Trace
  readonly layout: Layout
  readonly view: Viewport
  readonly cache: TileCache
  readonly colours: NameColours
  readonly stateColours: NameColours
  readonly turnColours: NameColours
  readonly theme: Theme
  readonly pixelRatio: number
  /** CSS pixels of the track area. */
  readonly width: number
  readonly height: number
  readonly scrollTop: number
  /** Pauses of collectors lie over all tracks. */
  readonly hasBands: boolean
}

export const LABEL_FONT =
  '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'

/** In the strip of states. */
export const SMALL_FONT =
  '10px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'

/** The colours of a lane's names. */
export function coloursOf(scene: Scene, kind: LaneKind): NameColours {
  switch (kind) {
    case 'state':
      return scene.stateColours
    case 'cpu':
      return scene.turnColours
    default:
      return scene.colours
  }
}

export function tileRange(scene: Scene): TileRange {
  return tilesOf(scene.view, scene.pixelRatio, scene.trace.facts.duration)
}

export function segmentsOf(scene: Scene, lane: number): Segment[] {
  const range = tileRange(scene)
  return scene.cache.segments(lane, range.level, range.first, range.last)
}

/** The lane boxes in sight, top to bottom. */
export function visibleBoxes(scene: Scene): LaneBox[] {
  const top = scene.scrollTop
  const bottom = top + scene.height
  const boxes: LaneBox[] = []
  for (const row of scene.layout.rows) {
    if (row.top < bottom && row.top + row.height > top) {
      for (const box of row.boxes) {
        if (box.top < bottom && box.top + box.height > top) {
          boxes.push(box)
        }
      }
    }
  }
  return boxes
}

/** The bucket numbers of a tile that touch [from, to), as a range of column places. */
export function bucketsWithin(tile: Tile, from: Nanos, to: Nanos): readonly [number, number] {
  const begin = tileStart(tile)
  const width = bucketWidth(tile.level)
  const first = Math.max(0, Math.floor((from - begin) / width))
  const last = Math.ceil((to - begin) / width)
  if (tile.position === null) {
    return [Math.min(first, tile.buckets), Math.min(Math.max(last, 0), tile.buckets)]
  }
  return [lowerBound(tile.position, first), lowerBound(tile.position, last)]
}

export function bucketStart(tile: Tile, place: number): Nanos {
  const position = tile.position === null ? place : tile.position[place]
  return tileStart(tile) + position * bucketWidth(tile.level)
}

export function lowerBound(sorted: ArrayLike<number>, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < value) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}

export function visibleTimes(scene: Scene): readonly [Nanos, Nanos] {
  return [scene.view.start, timeAt(scene.view, scene.width)]
}
