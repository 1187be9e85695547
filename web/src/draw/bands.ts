// SPDX-License-Identifier: MIT
// Pauses of a process's collector, over all its tracks: while one lasts, none of its threads runs
// the program's own code. Where pauses are too short for a pixel, the band is as strong as their
// share of it.

import {laneOfTrack, type Lane, type Track} from '../model/trace'
import {TRACK_GAP, type Row} from '../model/tracks'
import {xAt} from '../model/viewport'
import {bucketWidth} from '../wire/decode'
import {endOfReal} from './lanes'
import {bucketStart, bucketsWithin, segmentsOf, type Scene} from './scene'

/** Even a short pause is seen. */
const WEAKEST = 0.3
/** Steps of strength, so that equal neighbours are one rectangle. */
const STEPS = 8
/** CSS pixels from which a band has edges. */
const EDGES_MIN = 4

interface Paused {
  readonly process: number
  readonly lane: Lane
}

/** The pause lanes of the trace, with the processes that they stop. */
export function pausedIn(tracks: readonly Track[], scene: Pick<Scene, 'trace'>): Paused[] {
  return tracks.flatMap(track => {
    const lane =
      track.kind === 'collector' ? laneOfTrack(scene.trace, track.id, 'pause') : undefined
    return lane === undefined ? [] : [{process: track.parent, lane}]
  })
}

/** Lanes whose tiles the bands need. */
export function bandLanes(scene: Scene): number[] {
  return scene.hasBands ? pausedIn(scene.trace.tracks, scene).map(({lane}) => lane.id) : []
}

/** From top to bottom, rows that follow each other as one. */
function stretchesOf(scene: Scene, process: number): (readonly [number, number])[] {
  const found: [number, number][] = []
  const isOfIt = (row: Row): boolean => row.track.parent === process && !row.isGroup
  for (const row of scene.layout.rows.filter(isOfIt)) {
    const [top, bottom] = [row.top, row.top + row.height]
    const last = found[found.length - 1]
    if (last !== undefined && top - last[1] <= TRACK_GAP) {
      last[1] = bottom
    } else {
      found.push([top, bottom])
    }
  }
  return found
    .map(([top, bottom]) => [top - scene.scrollTop, bottom - scene.scrollTop] as const)
    .filter(([top, bottom]) => bottom > 0 && top < scene.height)
}

/** Device pixel by device pixel: how strong the band is, 0 to STEPS. */
function strengths(scene: Scene, lane: number): Uint8Array {
  const {pixelRatio, view} = scene
  const columns = new Uint8Array(Math.ceil(scene.width * pixelRatio))
  const put = (from: number, to: number, share: number): void => {
    const first = Math.max(0, Math.floor(xAt(view, from) * pixelRatio))
    const last = Math.min(columns.length - 1, Math.ceil(xAt(view, to) * pixelRatio) - 1)
    const strength = Math.max(1, Math.round(STEPS * (WEAKEST + (1 - WEAKEST) * share)))
    for (let x = first; x <= Math.max(first, last) && x < columns.length; x++) {
      columns[x] = Math.max(columns[x], strength)
    }
  }
  for (const {tile, from, to} of segmentsOf(scene, lane)) {
    if (tile.kind !== 'spans') {
      continue
    }
    for (let i = 0; i < tile.real; i++) {
      put(Math.max(tile.start[i], from), Math.min(endOfReal(scene, tile, i), to), 1)
    }
    const [first, last] = bucketsWithin(tile, from, to)
    for (let i = first; i < last; i++) {
      const start = bucketStart(tile, i)
      put(start, start + bucketWidth(tile.level), tile.coverage[i] / 65535)
    }
  }
  return columns
}

function drawRun(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  stretches: readonly (readonly [number, number])[],
  [left, right]: readonly [number, number],
  strength: number,
): void {
  const line = 1 / scene.pixelRatio
  for (const [top, bottom] of stretches) {
    ctx.globalAlpha = strength / STEPS
    ctx.fillStyle = scene.theme.pause
    ctx.fillRect(left, top, right - left, bottom - top)
    if (strength === STEPS && right - left >= EDGES_MIN) {
      ctx.fillStyle = scene.theme.pauseEdge
      ctx.fillRect(left, top, line, bottom - top)
      ctx.fillRect(right - line, top, line, bottom - top)
    }
  }
}

export function drawBands(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const {pixelRatio} = scene
  if (!scene.hasBands) {
    return
  }
  for (const {process, lane} of pausedIn(scene.trace.tracks, scene)) {
    const stretches = stretchesOf(scene, process)
    const columns = stretches.length > 0 ? strengths(scene, lane.id) : new Uint8Array(0)
    for (let x = 0, end = 0; x < columns.length; x = end) {
      for (end = x + 1; end < columns.length && columns[end] === columns[x]; end++) {}
      if (columns[x] > 0) {
        drawRun(ctx, scene, stretches, [x / pixelRatio, end / pixelRatio], columns[x])
      }
    }
  }
  ctx.globalAlpha = 1
}
