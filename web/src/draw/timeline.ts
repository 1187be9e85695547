// SPDX-License-Identifier: MIT
// The track area, from tiles to pixels: merged parts first, then the grid, boxes, charts, marks
// and losses. A pure function of the scene; returns the boxes it drew.

import type {LaneKind} from '../model/trace'
import {TRACK_GAP, type LaneBox} from '../model/tracks'
import {xAt} from '../model/viewport'
import {ticksOf} from './axis'
import {drawBands} from './bands'
import {drawCounter} from './counters'
import {drawGaps} from './gaps'
import {drawInstants} from './instants'
import {drawBoxes, drawMerged, type LanePainter, type SpanBox} from './lanes'
import {drawSamples} from './samples'
import {visibleBoxes, type Scene} from './scene'
import {drawStates} from './state_strip'

/** Lanes of outlined boxes. */
const SPANLIKE: ReadonlySet<LaneKind> = new Set(['span', 'task', 'cpu', 'cycle', 'pause', 'halt'])

function drawGround(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const {theme, view, width, height} = scene
  ctx.fillStyle = theme.background
  ctx.fillRect(0, 0, width, height)
  const begin = xAt(view, 0)
  const end = xAt(view, scene.trace.facts.duration)
  ctx.fillStyle = theme.outside
  if (begin > 0) {
    ctx.fillRect(0, 0, begin, height)
  }
  if (end < width) {
    ctx.fillRect(end, 0, width - end, height)
  }
}

function drawGrid(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const {theme, view, height} = scene
  ctx.fillStyle = theme.grid
  for (const time of ticksOf(view).times) {
    if (time >= 0 && time <= scene.trace.facts.duration) {
      ctx.fillRect(Math.round(xAt(view, time)), 0, 1, height)
    }
  }
  ctx.fillStyle = theme.line
  for (const row of scene.layout.rows) {
    const bottom = row.top + row.height + TRACK_GAP - 1 - scene.scrollTop
    if (bottom > 0 && bottom < height && !row.isGroup) {
      ctx.fillRect(0, Math.round(bottom), scene.width, 1)
    }
  }
}

function counterPlace(scene: Scene, box: LaneBox): number {
  const siblings = scene.trace.lanesOfTrack.get(box.lane.track) ?? []
  return siblings.indexOf(box.lane)
}

function drawLosses(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const {scrollTop, height} = scene
  for (const row of scene.layout.rows) {
    if (row.gaps.length > 0 && row.top < scrollTop + height && row.top + row.height > scrollTop) {
      drawGaps(ctx, scene, row)
    }
  }
}

export function drawTimeline(
  painter: LanePainter,
  ctx: CanvasRenderingContext2D,
  scene: Scene,
): SpanBox[] {
  const ratio = scene.pixelRatio
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  drawGround(ctx, scene)
  const boxes = visibleBoxes(scene)
  const spans: SpanBox[] = []
  const states: SpanBox[] = []
  for (const box of boxes) {
    if (box.lane.kind === 'state') {
      drawMerged(painter, ctx, scene, box, states)
    } else if (SPANLIKE.has(box.lane.kind)) {
      drawMerged(painter, ctx, scene, box, spans)
    }
  }
  drawGrid(ctx, scene)
  drawStates(ctx, scene, painter.smallLabels, states, spans)
  drawLosses(ctx, scene)
  drawBoxes(painter, ctx, scene, spans)
  for (const box of boxes) {
    if (box.lane.kind === 'counter') {
      drawCounter(ctx, scene, box, counterPlace(scene, box))
    } else if (box.lane.kind === 'instant') {
      drawInstants(ctx, scene, box, painter.labels)
    } else if (box.lane.kind === 'sample') {
      drawSamples(ctx, scene, box)
    }
  }
  drawBands(ctx, scene)
  return [...spans, ...states]
}
