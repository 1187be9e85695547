// SPDX-License-Identifier: MIT
// Where events were lost, the row is hatched: what is missing must not look idle.

import type {LaneBox, Row} from '../model/tracks'
import {xAt} from '../model/viewport'
import {bucketWidth} from '../wire/decode'
import {hatching, lossHatch} from './hatching'
import {endOfReal} from './lanes'
import {bucketStart, bucketsWithin, segmentsOf, type Scene} from './scene'

export function drawGaps(ctx: CanvasRenderingContext2D, scene: Scene, row: Row): void {
  ctx.fillStyle = hatching(ctx, lossHatch(scene.theme))
  const draw = (box: LaneBox, from: number, to: number): void => {
    const left = Math.max(xAt(scene.view, from), -4)
    const right = Math.min(xAt(scene.view, to), scene.width + 4)
    if (right >= 0 && left <= scene.width) {
      ctx.fillRect(left, box.top - scene.scrollTop, Math.max(right - left, 2), box.height - 1)
    }
  }
  for (const box of row.gaps) {
    for (const {tile, from, to} of segmentsOf(scene, box.lane.id)) {
      if (tile.kind !== 'spans') {
        continue
      }
      for (let i = 0; i < tile.real; i++) {
        draw(box, Math.max(tile.start[i], from), Math.min(endOfReal(scene, tile, i), to))
      }
      const [first, last] = bucketsWithin(tile, from, to)
      for (let i = first; i < last; i++) {
        const start = bucketStart(tile, i)
        draw(box, start, start + bucketWidth(tile.level))
      }
    }
  }
}
