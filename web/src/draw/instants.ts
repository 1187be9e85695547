// SPDX-License-Identifier: MIT
// Instants as diamonds and logs as flags with their text where there is room; as ticks where they
// crowd.

import {nameOf} from '../model/trace'
import type {LaneBox} from '../model/tracks'
import {xAt} from '../model/viewport'
import {INSTANT} from '../wire/decode'
import {LABEL_FONT, segmentsOf, type Scene} from './scene'
import type {Labels} from './text'

/** CSS pixels to the neighbours from which a mark has a shape of its own, and a text. */
const SHAPE_ROOM = 7
const TEXT_ROOM = 44

interface Mark {
  readonly x: number
  readonly isLog: boolean
  readonly count: number
  readonly name: number
}

function marksOf(scene: Scene, lane: number): Mark[] {
  const marks: Mark[] = []
  let last = -Infinity
  for (const {tile, from, to} of segmentsOf(scene, lane)) {
    if (tile.kind !== 'instants') {
      continue
    }
    for (let i = 0; i < tile.buckets; i++) {
      const time = tile.time[i]
      const x = xAt(scene.view, time)
      const isOutside = time < from || time >= to || x < -400 || x > scene.width + 8
      if (isOutside || x - last < 1 / scene.pixelRatio) {
        continue
      }
      last = x
      const isLog = (tile.flags[i] & INSTANT.allLogs) !== 0
      marks.push({x, isLog, count: tile.count[i], name: tile.firstName[i]})
    }
  }
  return marks
}

function diamond(path: Path2D, x: number, y: number, radius: number): void {
  path.moveTo(x, y - radius)
  path.lineTo(x + radius, y)
  path.lineTo(x, y + radius)
  path.lineTo(x - radius, y)
  path.closePath()
}

export function drawInstants(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  box: LaneBox,
  labels: Labels,
): void {
  const marks = marksOf(scene, box.lane.id)
  const instants = new Path2D()
  const logs = new Path2D()
  const middle = box.top - scene.scrollTop + box.height / 2
  ctx.font = LABEL_FONT
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  marks.forEach((mark, i) => {
    const before = i > 0 ? mark.x - marks[i - 1].x : Infinity
    const after = i + 1 < marks.length ? marks[i + 1].x - mark.x : Infinity
    const path = mark.isLog ? logs : instants
    if (Math.min(before, after) < SHAPE_ROOM) {
      path.rect(mark.x - 0.5, middle - 4, 1, 8)
    } else if (mark.isLog) {
      path.rect(mark.x - 0.5, middle - 5, 1.5, 10)
      path.rect(mark.x - 0.5, middle - 5, 6, 4.5)
    } else {
      diamond(path, mark.x, middle, 4)
    }
    if (after >= TEXT_ROOM && before >= SHAPE_ROOM && mark.count === 1) {
      const label = labels.fit(ctx, nameOf(scene.trace, mark.name), Math.min(after - 14, 360))
      ctx.fillStyle = scene.colours.isFaded(mark.name) ? scene.theme.faintInk : scene.theme.softInk
      ctx.fillText(label.text, mark.x + 8, middle + 0.5)
    }
  })
  ctx.fillStyle = scene.theme.instant
  ctx.fill(instants)
  ctx.fillStyle = scene.theme.log
  ctx.fill(logs)
}
