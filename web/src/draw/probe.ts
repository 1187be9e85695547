// SPDX-License-Identifier: MIT
// What lies under a point of the picture: answered from the tiles, in the same frame.

import type {Nanos} from '../model/nanos'
import {nameOf} from '../model/trace'
import {boxAt, rowAt, type LaneBox, type Row} from '../model/tracks'
import {timeAt} from '../model/viewport'
import {
  bucketWidth,
  isCall,
  INSTANT,
  type CounterTile,
  type InstantTile,
  type SpanTile,
} from '../wire/decode'
import type {Segment} from '../wire/cache'
import {pausedIn} from './bands'
import {endOfReal} from './lanes'
import {bucketsWithin, bucketStart, segmentsOf, type Scene} from './scene'

/** CSS pixels: so near counts as a hit where nothing lies exactly under the pointer. */
const SLACK = 3

export interface SpanHit {
  readonly type: 'span'
  readonly lane: number
  readonly index: number
  readonly name: number
  readonly start: Nanos
  readonly duration: Nanos
  readonly flags: number
}

/** Merged events; all figures are exact and come from the tile. */
export interface BucketHit {
  readonly type: 'bucket'
  readonly lane: number
  readonly from: Nanos
  readonly to: Nanos
  readonly count: number
  /** Share of [from, to). */
  readonly busy: number
  readonly longest: Nanos
  readonly longestIndex: number
  readonly longestName: number
}

export interface InstantHit {
  readonly type: 'instant'
  readonly lane: number
  readonly time: Nanos
  readonly from: Nanos
  readonly to: Nanos
  readonly count: number
  readonly index: number
  readonly name: number
  readonly isLog: boolean
}

export interface CounterHit {
  readonly type: 'counter'
  readonly lane: number
  readonly time: Nanos
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly samples: number
}

export interface RowHit {
  readonly type: 'row'
  readonly lane: number
}

export type Hit = SpanHit | BucketHit | InstantHit | CounterHit | RowHit

export interface Probe {
  readonly row: Row
  readonly box: LaneBox | null
  readonly hit: Hit
  readonly time: Nanos
}

function spanIn(
  scene: Scene,
  segments: readonly Segment[],
  from: Nanos,
  to: Nanos,
): SpanHit | null {
  for (const {tile} of segments) {
    if (tile.kind !== 'spans') {
      continue
    }
    for (let i = 0; i < tile.real; i++) {
      const end = endOfReal(scene, tile, i)
      if (tile.start[i] < to && end > from) {
        return spanHit(tile, i, end)
      }
    }
  }
  return null
}

function spanHit(tile: SpanTile, i: number, end: Nanos): SpanHit {
  return {
    type: 'span',
    lane: tile.lane,
    index: tile.index[i],
    name: tile.name[i],
    start: tile.start[i],
    duration: end - tile.start[i],
    flags: tile.flags[i],
  }
}

/** All buckets that touch [from, to), as one. */
function bucketIn(
  segments: readonly Segment[],
  lane: number,
  from: Nanos,
  to: Nanos,
): BucketHit | null {
  let hit: BucketHit | null = null
  let busy = 0
  for (const segment of segments) {
    const {tile} = segment
    if (tile.kind !== 'spans') {
      continue
    }
    const width = bucketWidth(tile.level)
    const begin = Math.max(segment.from, Math.floor(from / width) * width)
    const end = Math.min(segment.to, Math.ceil(to / width) * width)
    if (begin >= end) {
      continue
    }
    const [first, last] = bucketsWithin(tile, begin, end)
    for (let i = first; i < last; i++) {
      busy += (tile.coverage[i] / 65535) * width
      hit = joined(hit, tile, i, lane)
    }
    if (hit !== null) {
      hit = {...hit, from: Math.min(hit.from, begin), to: Math.max(hit.to, end)}
    }
  }
  return hit === null ? null : {...hit, busy: Math.min(1, busy / (hit.to - hit.from))}
}

function joined(hit: BucketHit | null, tile: SpanTile, i: number, lane: number): BucketHit {
  const start = bucketStart(tile, i)
  const longest = tile.count[i] > 0 ? tile.longest[i] * tile.longestUnit : -1
  const isLongest = hit === null || longest > hit.longest
  return {
    type: 'bucket',
    lane,
    from: Math.min(hit?.from ?? start, start),
    to: Math.max(hit?.to ?? 0, start + bucketWidth(tile.level)),
    count: (hit?.count ?? 0) + tile.count[i],
    busy: 0,
    longest: isLongest ? longest : hit.longest,
    longestIndex: isLongest ? tile.longestIndex[i] : hit.longestIndex,
    longestName: isLongest ? tile.longestName[i] : hit.longestName,
  }
}

function instantHit(tile: InstantTile, i: number): InstantHit {
  const from = bucketStart(tile, i)
  return {
    type: 'instant',
    lane: tile.lane,
    time: tile.time[i],
    from,
    to: from + bucketWidth(tile.level),
    count: tile.count[i],
    index: tile.firstIndex[i],
    name: tile.firstName[i],
    isLog: (tile.flags[i] & INSTANT.allLogs) !== 0,
  }
}

function instantIn(segments: readonly Segment[], time: Nanos, slack: Nanos): InstantHit | null {
  let best: InstantHit | null = null
  for (const {tile, from, to} of segments) {
    if (tile.kind !== 'instants') {
      continue
    }
    for (let i = 0; i < tile.buckets; i++) {
      const isHere = tile.time[i] >= from && tile.time[i] < to
      const distance = Math.abs(tile.time[i] - time)
      if (isHere && distance <= slack && (best === null || distance < Math.abs(best.time - time))) {
        best = instantHit(tile, i)
      }
    }
  }
  return best
}

function heldBefore(tile: CounterTile, place: number): number {
  return place > 0 ? tile.last[place - 1] : tile.before
}

function counterIn(
  segments: readonly Segment[],
  lane: number,
  from: Nanos,
  to: Nanos,
): CounterHit | null {
  for (const segment of segments) {
    const {tile} = segment
    if (tile.kind !== 'counter' || to <= segment.from || from >= segment.to) {
      continue
    }
    const [first, last] = bucketsWithin(
      tile,
      Math.max(from, segment.from),
      Math.min(to, segment.to),
    )
    const held = heldBefore(tile, first)
    if (first >= last) {
      return Number.isNaN(held)
        ? null
        : {type: 'counter', lane, time: from, min: held, max: held, mean: held, samples: 0}
    }
    let [min, max, samples] = [Infinity, -Infinity, 0]
    for (let i = first; i < last; i++) {
      min = Math.min(min, tile.min[i])
      max = Math.max(max, tile.max[i])
      samples += tile.samples[i]
    }
    return {type: 'counter', lane, time: from, min, max, mean: tile.mean[last - 1], samples}
  }
  return null
}

function hitSpans(scene: Scene, box: LaneBox, x: number): Hit | null {
  const segments = segmentsOf(scene, box.lane.id)
  const half = 0.5 / scene.pixelRatio
  const at = (delta: number): Nanos => timeAt(scene.view, x + delta)
  return (
    spanIn(scene, segments, at(0), at(0) + 1e-9) ??
    bucketIn(segments, box.lane.id, at(-half), at(half)) ??
    spanIn(scene, segments, at(-SLACK), at(SLACK)) ??
    bucketIn(segments, box.lane.id, at(-SLACK), at(SLACK))
  )
}

function hitGaps(scene: Scene, row: Row, x: number, y: number): Hit | null {
  const isUnder = (box: LaneBox): boolean => y >= box.top && y < box.top + box.height
  for (const {lane} of row.gaps.filter(isUnder)) {
    const segments = segmentsOf(scene, lane.id)
    const [from, to] = [timeAt(scene.view, x - 1), timeAt(scene.view, x + 1)]
    const hit = spanIn(scene, segments, from, to) ?? bucketIn(segments, lane.id, from, to)
    if (hit !== null) {
      return hit
    }
  }
  return null
}

function hitLane(scene: Scene, box: LaneBox, x: number): Hit | null {
  const segments = segmentsOf(scene, box.lane.id)
  switch (box.lane.kind) {
    case 'instant':
    case 'sample':
      return instantIn(segments, timeAt(scene.view, x), 5 * scene.view.scale)
    case 'counter':
      return counterIn(segments, box.lane.id, timeAt(scene.view, x), timeAt(scene.view, x + 1))
    default:
      return hitSpans(scene, box, x)
  }
}

/** A pause that lies over the row, where nothing else is. */
function hitBand(scene: Scene, row: Row, x: number): Hit | null {
  if (!scene.hasBands || row.isGroup) {
    return null
  }
  const paused = pausedIn(scene.trace.tracks, scene).find(one => one.process === row.track.parent)
  if (paused === undefined) {
    return null
  }
  const segments = segmentsOf(scene, paused.lane.id)
  const [from, to] = [timeAt(scene.view, x - 1), timeAt(scene.view, x + 1)]
  return spanIn(scene, segments, from, to) ?? bucketIn(segments, paused.lane.id, from, to)
}

/** x and y in CSS pixels of the track area; null outside of all rows. */
export function probeAt(scene: Scene, x: number, y: number): Probe | null {
  const below = y + scene.scrollTop
  const row = rowAt(scene.layout, below)
  if (row === null) {
    return null
  }
  const box = boxAt(row, below)
  const hit =
    (box === null ? null : hitLane(scene, box, x)) ??
    hitGaps(scene, row, x, below) ??
    hitBand(scene, row, x)
  return {
    row,
    box,
    hit: hit ?? {type: 'row', lane: box?.lane.id ?? -1},
    time: timeAt(scene.view, x),
  }
}

/** The innermost call of a thread that a stretch began in, as far as the tiles tell. */
export function callAt(scene: Scene, track: number, start: Nanos, end: Nanos): string | null {
  const lanes = (scene.trace.lanesOfTrack.get(track) ?? []).filter(lane => lane.kind === 'span')
  for (const lane of [...lanes].reverse()) {
    const hit = spanIn(scene, segmentsOf(scene, lane.id), start, Math.min(end, start + 1))
    if (hit !== null && isCall(hit.flags)) {
      return nameOf(scene.trace, hit.name)
    }
  }
  return null
}
