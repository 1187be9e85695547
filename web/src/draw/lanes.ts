// SPDX-License-Identifier: MIT
// Lanes of spans and tasks: what is wide enough stands as an outlined box with its name, the rest
// is in the columns below.

import {formatDuration} from '../model/nanos'
import {nameOf} from '../model/trace'
import type {LaneBox} from '../model/tracks'
import {xAt} from '../model/viewport'
import {bucketWidth, isCall, REAL, type SpanTile} from '../wire/decode'
import type {Segment} from '../wire/cache'
import type {NameColours, Swatch} from './colour'
import {
  addToColumns,
  clearColumns,
  makeColumns,
  paintColumns,
  scaleColumns,
  type Columns,
} from './columns'
import {bucketsWithin, bucketStart, coloursOf, LABEL_FONT, segmentsOf, type Scene} from './scene'
import {makeLabels, type Labels} from './text'

/** Device pixels from which a span is a box. */
const BOX_MIN = 2
/** CSS pixels from which a box has an outline, and a label. */
const OUTLINE_MIN = 4
const LABEL_MIN = 22
const LABEL_PAD = 5
/** The line at a call's foot, and its dashes. */
const FOOT = 2
const DASH = 3
/** A thread is always in some state: merged ones are lower, so that they are seen to be merged. */
const MERGED_STATES = 0.6

/** A box to draw; also what window.ctraceTest tells of. */
export interface SpanBox {
  readonly box: LaneBox
  readonly index: number
  readonly name: number
  readonly start: number
  readonly duration: number
  readonly flags: number
  /** CSS pixels, cut to the view. */
  readonly left: number
  readonly right: number
}

export interface LanePainter {
  readonly columns: Columns
  readonly labels: Labels
  /** Of another font, so with widths of its own. */
  readonly smallLabels: Labels
  image: ImageData | null
  pixels: Uint32Array
}

export function makeLanePainter(): LanePainter {
  return {
    columns: makeColumns(),
    labels: makeLabels(),
    smallLabels: makeLabels(),
    image: null,
    pixels: new Uint32Array(0),
  }
}

function addBuckets(columns: Columns, scene: Scene, segment: Segment, tile: SpanTile): void {
  const {view, pixelRatio} = scene
  const perPixel = view.scale / pixelRatio
  const width = bucketWidth(tile.level)
  const end = view.start + view.scale * scene.width
  const [first, last] = bucketsWithin(
    tile,
    Math.max(segment.from, view.start),
    Math.min(segment.to, end),
  )
  let name = first > 0 ? tile.longestName[first - 1] : 0
  for (let i = first; i < last; i++) {
    const start = bucketStart(tile, i)
    const count = tile.count[i]
    if (count > 0) {
      name = tile.longestName[i]
    }
    const x0 = (start - view.start) / perPixel
    const longest = count > 0 ? tile.longest[i] * tile.longestUnit : 0
    addToColumns(
      columns,
      x0,
      x0 + width / perPixel,
      tile.coverage[i] / 65535,
      longest,
      name,
      count > 0,
    )
  }
}

/** Where an unfinished event is drawn to. */
export function endOfReal(scene: Scene, tile: SpanTile, i: number): number {
  const isOpen = tile.duration[i] < 0
  return isOpen ? scene.trace.facts.duration : tile.start[i] + tile.duration[i]
}

/** Boxes for the long ones, columns for the short; `after` is the last index already drawn. */
function addReal(
  painter: LanePainter,
  scene: Scene,
  segment: Segment,
  tile: SpanTile,
  box: LaneBox,
  after: number,
  out: SpanBox[],
): number {
  const {view, pixelRatio} = scene
  let done = after
  for (let i = 0; i < tile.real; i++) {
    const start = tile.start[i]
    const end = endOfReal(scene, tile, i)
    if (tile.index[i] <= done || end < segment.from || start >= segment.to) {
      continue
    }
    const left = xAt(view, start)
    const right = xAt(view, end)
    done = tile.index[i]
    if (right < 0 || left > scene.width) {
      continue
    }
    if ((right - left) * pixelRatio < BOX_MIN) {
      const name = tile.name[i]
      addToColumns(
        painter.columns,
        left * pixelRatio,
        right * pixelRatio,
        1,
        end - start,
        name,
        true,
      )
      continue
    }
    out.push({
      box,
      index: tile.index[i],
      name: tile.name[i],
      start,
      duration: end - start,
      flags: tile.flags[i],
      left: Math.max(left, -8),
      right: Math.min(right, scene.width + 8),
    })
  }
  return done
}

function blit(
  painter: LanePainter,
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  colours: NameColours,
  top: number,
  height: number,
): void {
  const width = painter.columns.width
  if (painter.image === null || painter.image.width !== width || painter.image.height !== height) {
    painter.image = ctx.createImageData(width, height)
    painter.pixels = new Uint32Array(painter.image.data.buffer)
  }
  paintColumns(painter.columns, painter.pixels, height, colours, scene.theme.backgroundPacked)
  const {first, last} = painter.columns
  ctx.putImageData(painter.image, 0, top, first, 0, last - first + 1, height)
}

/** Draw the merged part of one lane and collect its boxes. */
export function drawMerged(
  painter: LanePainter,
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  box: LaneBox,
  out: SpanBox[],
): void {
  const {pixelRatio} = scene
  clearColumns(painter.columns, Math.ceil(scene.width * pixelRatio))
  let after = -1
  for (const segment of segmentsOf(scene, box.lane.id)) {
    if (segment.tile.kind === 'spans') {
      addBuckets(painter.columns, scene, segment, segment.tile)
      after = addReal(painter, scene, segment, segment.tile, box, after, out)
    }
  }
  if (box.lane.kind === 'state') {
    scaleColumns(painter.columns, MERGED_STATES)
  }
  if (painter.columns.last >= painter.columns.first) {
    const top = Math.round((box.top - scene.scrollTop) * pixelRatio)
    const height = Math.max(1, Math.round((box.height - (box.isCompact ? 0 : 1)) * pixelRatio))
    blit(painter, ctx, scene, coloursOf(scene, box.lane.kind), top, height)
  }
}

/** Snap to device pixels so that edges are crisp at every ratio. */
function snap(value: number, ratio: number): number {
  return Math.round(value * ratio) / ratio
}

function drawOutlined(
  ctx: CanvasRenderingContext2D,
  fill: string,
  edge: string,
  x: number,
  y: number,
  w: number,
  h: number,
  line: number,
): void {
  ctx.fillStyle = edge
  ctx.fillRect(x, y, w, h)
  ctx.fillStyle = fill
  ctx.fillRect(x + line, y + line, w - 2 * line, h - 2 * line)
}

/** Began before the recording, or never ended: the open side fades out. */
function drawOpenEnd(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  x: number,
  y: number,
  w: number,
  h: number,
  isLeft: boolean,
): void {
  const length = Math.min(16, w / 2)
  const from = isLeft ? x : x + w
  const to = isLeft ? x + length : x + w - length
  const gradient = ctx.createLinearGradient(from, 0, to, 0)
  gradient.addColorStop(0, scene.theme.background)
  gradient.addColorStop(1, scene.theme.isDark ? 'rgba(21, 24, 30, 0)' : 'rgba(255, 255, 255, 0)')
  ctx.fillStyle = gradient
  ctx.fillRect(Math.min(from, to), y, length, h)
}

/** A call: hollow, with a line at its foot, dashed if it is one into a library. */
function drawCall(
  ctx: CanvasRenderingContext2D,
  swatch: Swatch,
  isSystem: boolean,
  [x, y, w, h]: readonly [number, number, number, number],
  line: number,
): void {
  drawOutlined(ctx, swatch.pale, swatch.edge, x, y, w, h, line)
  ctx.fillStyle = swatch.edge
  if (isSystem) {
    ctx.fillRect(x, y + h - FOOT, w, FOOT)
    return
  }
  for (let at = x; at < x + w; at += 2 * DASH) {
    ctx.fillRect(at, y + h - FOOT, Math.min(DASH, x + w - at), FOOT)
  }
}

function drawBox(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  span: SpanBox,
  swatch: Swatch,
  line: number,
): void {
  const x = snap(span.left, scene.pixelRatio)
  const w = Math.max(snap(span.right, scene.pixelRatio) - x, line)
  const y = span.box.top - scene.scrollTop
  const h = span.box.height - (span.box.isCompact ? 0 : 1)
  if (w < OUTLINE_MIN || span.box.isCompact) {
    ctx.fillStyle = w < OUTLINE_MIN ? swatch.edge : swatch.fill
    ctx.fillRect(x, y, Math.max(w - (w > 3 ? line : 0), line), h)
  } else if (isCall(span.flags)) {
    drawCall(ctx, swatch, (span.flags & REAL.systemCall) !== 0, [x, y, w - line, h], line)
  } else {
    drawOutlined(ctx, swatch.fill, swatch.edge, x, y, w - line, h, line)
  }
  if ((span.flags & REAL.unfinished) !== 0) {
    drawOpenEnd(ctx, scene, x, y, w, h, false)
  }
  if ((span.flags & REAL.beganBefore) !== 0) {
    drawOpenEnd(ctx, scene, x, y, w, h, true)
  }
}

export function drawBoxes(
  painter: LanePainter,
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  boxes: readonly SpanBox[],
): void {
  const line = Math.max(1, Math.round(scene.pixelRatio)) / scene.pixelRatio
  for (const span of boxes) {
    drawBox(ctx, scene, span, coloursOf(scene, span.box.lane.kind).of(span.name), line)
  }
  ctx.font = LABEL_FONT
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  for (const span of boxes) {
    if (!span.box.isCompact) {
      drawLabel(painter, ctx, scene, span)
    }
  }
}

function drawLabel(
  painter: LanePainter,
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  span: SpanBox,
): void {
  const left = Math.max(span.left, 0)
  const right = Math.min(span.right, scene.width)
  const room = right - left - 2 * LABEL_PAD
  if (room < LABEL_MIN - 2 * LABEL_PAD) {
    return
  }
  const swatch = coloursOf(scene, span.box.lane.kind).of(span.name)
  const y = span.box.top - scene.scrollTop + (span.box.height - 1) / 2 + 0.5
  const label = painter.labels.fit(ctx, nameOf(scene.trace, span.name), room)
  if (label.text === '') {
    return
  }
  ctx.fillStyle = swatch.ink
  ctx.fillText(label.text, left + LABEL_PAD, y)
  if (room - label.width < 48) {
    return
  }
  const length = painter.labels.measure(ctx, formatDuration(span.duration))
  if (room - label.width - 10 >= length.width) {
    ctx.fillStyle = swatch.softInk
    ctx.fillText(length.text, left + LABEL_PAD + label.width + 8, y)
  }
}
