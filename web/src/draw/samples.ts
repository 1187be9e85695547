// SPDX-License-Identifier: MIT
// Samples as ticks in the colour of the function that ran; dots where they stand alone.

import type {LaneBox} from '../model/tracks'
import {xAt} from '../model/viewport'
import {segmentsOf, type Scene} from './scene'

/** CSS pixels to the next one from which a sample is a dot. */
const DOT_ROOM = 8

interface Tick {
  readonly x: number
  readonly name: number
}

/** One for each device pixel at most. */
function ticksOf(scene: Scene, lane: number): Tick[] {
  const ticks: Tick[] = []
  let last = -Infinity
  for (const {tile, from, to} of segmentsOf(scene, lane)) {
    if (tile.kind !== 'instants') {
      continue
    }
    for (let i = 0; i < tile.buckets; i++) {
      const time = tile.time[i]
      const x = xAt(scene.view, time)
      const isHere = time >= from && time < to && x > -8 && x < scene.width + 8
      if (isHere && x - last >= 1 / scene.pixelRatio) {
        last = x
        ticks.push({x, name: tile.firstName[i]})
      }
    }
  }
  return ticks
}

export function drawSamples(ctx: CanvasRenderingContext2D, scene: Scene, box: LaneBox): void {
  const ticks = ticksOf(scene, box.lane.id)
  const top = box.top - scene.scrollTop
  const line = 1 / scene.pixelRatio
  ticks.forEach(({x, name}, i) => {
    const before = i > 0 ? x - ticks[i - 1].x : Infinity
    const after = i + 1 < ticks.length ? ticks[i + 1].x - x : Infinity
    const isAlone = Math.min(before, after) >= DOT_ROOM
    const width = isAlone ? 4 : Math.max(line, Math.min(2, Math.min(before, after) - line))
    ctx.fillStyle = scene.colours.of(name).edge
    ctx.fillRect(x - width / 2, top, width, box.height - 2)
  })
}
