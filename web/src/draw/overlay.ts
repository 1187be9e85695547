// SPDX-License-Identifier: MIT
// What lies over the picture: the pointer's line, the selection, a dragged range, flow arrows.
// Redrawn on every move of the pointer, so it is cheap.

import {formatDuration, formatMoment, type Nanos} from '../model/nanos'
import type {Mark} from '../model/marks'
import type {RangeSelection} from '../model/selection'
import type {LaneBox, Row} from '../model/tracks'
import {xAt} from '../model/viewport'
import type {Arrow} from '../model/wakes'
import type {Flow} from '../wire/api'
import {RULER_HEIGHT, ticksOf} from './axis'
import {drawMarks} from './flags'
import {LABEL_FONT, type Scene} from './scene'
import type {Labels} from './text'

export interface Marked {
  readonly lane: number
  readonly start: Nanos
  readonly duration: Nanos
}

export interface OverlayState {
  readonly pointerX: number | null
  readonly hover: Marked | null
  readonly selected: Marked | null
  readonly range: RangeSelection | null
  readonly flows: readonly Flow[]
  readonly wakes: readonly Arrow[]
  /** What is the same thing elsewhere: a turn's stretch of its thread. */
  readonly related: Marked | null
  readonly marks: readonly Mark[]
  readonly currentMark: Mark | null
}

const ARROW = 6

function boxRect(scene: Scene, marked: Marked): readonly [LaneBox, number, number, number] | null {
  const box = scene.layout.boxOfLane.get(marked.lane)
  if (box === undefined) {
    return null
  }
  const left = Math.max(xAt(scene.view, marked.start), -10)
  const right = Math.min(xAt(scene.view, marked.start + marked.duration), scene.width + 10)
  return right < 0 || left > scene.width ? null : [box, left, right, box.top - scene.scrollTop]
}

function drawMarked(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  marked: Marked,
  isSelected: boolean,
): void {
  const rect = boxRect(scene, marked)
  if (rect === null) {
    return
  }
  const [box, left, right, top] = rect
  const isPoint = marked.duration === 0
  const x = isPoint ? left - 5 : left
  const width = isPoint ? 10 : Math.max(right - left, 2)
  ctx.strokeStyle = isSelected ? scene.theme.accent : scene.theme.ink
  ctx.lineWidth = isSelected ? 2 : 1
  const pad = isSelected ? 1 : 0.5
  ctx.strokeRect(x - pad, top - pad, width - (isPoint ? 0 : 1) + 2 * pad, box.height - 1 + 2 * pad)
}

function rowsOfRange(scene: Scene, range: RangeSelection): readonly Row[] {
  if (range.tracks.length === 0) {
    return scene.layout.rows
  }
  return range.tracks.flatMap(id => scene.layout.rowOfTrack.get(id) ?? [])
}

function drawRange(ctx: CanvasRenderingContext2D, scene: Scene, range: RangeSelection): void {
  const left = xAt(scene.view, range.start)
  const right = xAt(scene.view, range.end)
  if (right < 0 || left > scene.width) {
    return
  }
  const width = Math.max(right - left, 1)
  ctx.fillStyle = scene.theme.band
  const box = range.lane >= 0 ? scene.layout.boxOfLane.get(range.lane) : undefined
  if (box !== undefined) {
    ctx.fillRect(left, box.top - scene.scrollTop, width, box.height - 1)
  } else {
    for (const row of rowsOfRange(scene, range)) {
      ctx.fillRect(left, row.top - scene.scrollTop, width, row.height + 1)
    }
  }
  ctx.fillStyle = scene.theme.accent
  ctx.globalAlpha = 0.6
  ctx.fillRect(Math.round(left), 0, 1, scene.height)
  ctx.fillRect(Math.round(right), 0, 1, scene.height)
  ctx.globalAlpha = 1
}

/** In the ruler: from edge to edge, with the length between. Returns where the label lies. */
function drawRangeLabel(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  range: RangeSelection,
): Extent | null {
  const left = Math.max(xAt(scene.view, range.start), -2)
  const right = Math.min(xAt(scene.view, range.end), scene.width + 2)
  if (right < 0 || left > scene.width) {
    return null
  }
  const text = formatDuration(range.end - range.start)
  ctx.fillStyle = scene.theme.accent
  ctx.fillRect(left, 19, Math.max(right - left, 1), 3)
  const ink = scene.theme.isDark ? '#0b1420' : '#ffffff'
  return chip(ctx, scene, {text, middle: (left + right) / 2, ground: scene.theme.accent, ink})
}

interface Extent {
  readonly from: number
  readonly to: number
}

interface Chip {
  readonly text: string
  readonly middle: number
  readonly ground: string
  readonly ink: string
  /** What it must not cover. */
  readonly besides?: Extent | null
}

const CHIP_GAP = 4

/** A small label on its own ground in the ruler's upper half, kept within the width. */
function chip(ctx: CanvasRenderingContext2D, scene: Scene, made: Chip): Extent {
  ctx.font = LABEL_FONT
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'center'
  const half = ctx.measureText(made.text).width / 2 + 6
  let x = Math.max(half + 2, Math.min(scene.width - half - 2, made.middle))
  const other = made.besides
  if (other && x + half > other.from - CHIP_GAP && x - half < other.to + CHIP_GAP) {
    const before = other.from - CHIP_GAP - half
    const after = other.to + CHIP_GAP + half
    const isLeft =
      made.middle < (other.from + other.to) / 2 ? before >= half : after > scene.width - half
    x = isLeft ? before : after
  }
  ctx.fillStyle = made.ground
  ctx.beginPath()
  ctx.roundRect(x - half, 2, 2 * half, 16, 4)
  ctx.fill()
  ctx.fillStyle = made.ink
  ctx.fillText(made.text, x, 10.5)
  ctx.textAlign = 'left'
  return {from: x - half, to: x + half}
}

interface Point {
  readonly x: number
  readonly y: number
}

function endPoint(scene: Scene, end: {readonly lane: number; readonly time: Nanos}): Point | null {
  const box = scene.layout.boxOfLane.get(end.lane)
  if (box === undefined) {
    return null
  }
  return {x: xAt(scene.view, end.time), y: box.top + box.height / 2 - scene.scrollTop}
}

/** A wake-up takes no time: it goes up or down, and in from the side at its point. */
function drawWake(ctx: CanvasRenderingContext2D, scene: Scene, arrow: Arrow): void {
  const from = endPoint(scene, arrow.from)
  const to = endPoint(scene, arrow.to)
  if (from === null || to === null || to.x < -20 || to.x > scene.width + 20) {
    return
  }
  const down = to.y >= from.y ? 1 : -1
  ctx.strokeStyle = scene.theme.wake
  ctx.fillStyle = scene.theme.wake
  ctx.lineWidth = 1.5
  ctx.setLineDash([5, 3])
  ctx.beginPath()
  ctx.moveTo(from.x, from.y)
  ctx.lineTo(to.x, to.y - down * ARROW)
  ctx.stroke()
  ctx.setLineDash([])
  ctx.beginPath()
  ctx.moveTo(to.x, to.y)
  ctx.lineTo(to.x - ARROW / 1.6, to.y - down * (ARROW + 2))
  ctx.lineTo(to.x + ARROW / 1.6, to.y - down * (ARROW + 2))
  ctx.fill()
  ctx.beginPath()
  ctx.arc(from.x, from.y, 3, 0, 2 * Math.PI)
  ctx.fill()
}

function drawFlow(ctx: CanvasRenderingContext2D, scene: Scene, flow: Flow): void {
  const from = endPoint(scene, flow.from)
  const to = endPoint(scene, flow.to)
  if (from === null || to === null) {
    return
  }
  const bend = Math.max(24, Math.min(160, Math.abs(to.x - from.x) / 2))
  ctx.strokeStyle = scene.theme.flow
  ctx.fillStyle = scene.theme.flow
  ctx.lineWidth = 1.5
  ctx.beginPath()
  ctx.moveTo(from.x, from.y)
  ctx.bezierCurveTo(from.x + bend, from.y, to.x - bend, to.y, to.x - ARROW, to.y)
  ctx.stroke()
  ctx.beginPath()
  ctx.moveTo(to.x, to.y)
  ctx.lineTo(to.x - ARROW - 2, to.y - ARROW / 1.6)
  ctx.lineTo(to.x - ARROW - 2, to.y + ARROW / 1.6)
  ctx.fill()
  ctx.beginPath()
  ctx.arc(from.x, from.y, 2.5, 0, 2 * Math.PI)
  ctx.fill()
}

function drawPointer(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  x: number,
  besides: Extent | null,
): void {
  ctx.fillStyle = scene.theme.faintInk
  ctx.globalAlpha = 0.55
  ctx.fillRect(Math.round(x), RULER_HEIGHT - 14, 1, scene.height + 14)
  ctx.globalAlpha = 1
  const time = scene.view.start + x * scene.view.scale
  if (time < 0 || time > scene.trace.facts.duration) {
    return
  }
  const text = formatMoment(time, Math.max(1, ticksOf(scene.view).step / 100))
  const ground = scene.theme.isDark ? '#39414f' : '#3c4657'
  chip(ctx, scene, {text, middle: x, ground, ink: '#ffffff', besides})
}

/** The overlay covers ruler and tracks; the tracks begin RULER_HEIGHT down. */
export function drawOverlay(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  labels: Labels,
  state: OverlayState,
): void {
  const ratio = scene.pixelRatio
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  ctx.clearRect(0, 0, scene.width, scene.height + RULER_HEIGHT)
  drawMarks(ctx, scene, labels, state.marks, state.currentMark)
  const label = state.range === null ? null : drawRangeLabel(ctx, scene, state.range)
  if (state.pointerX !== null) {
    drawPointer(ctx, scene, state.pointerX, label)
  }
  ctx.save()
  ctx.beginPath()
  ctx.rect(0, RULER_HEIGHT, scene.width, scene.height)
  ctx.clip()
  ctx.translate(0, RULER_HEIGHT)
  if (state.range !== null) {
    drawRange(ctx, scene, state.range)
  }
  if (state.hover !== null) {
    drawMarked(ctx, scene, state.hover, false)
  }
  for (const flow of state.flows) {
    drawFlow(ctx, scene, flow)
  }
  if (state.related !== null) {
    drawMarked(ctx, scene, state.related, true)
  }
  if (state.selected !== null) {
    drawMarked(ctx, scene, state.selected, true)
  }
  for (const wake of state.wakes) {
    drawWake(ctx, scene, wake)
  }
  ctx.restore()
}
