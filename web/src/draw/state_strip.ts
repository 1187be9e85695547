// SPDX-License-Identifier: MIT
// The strip of what a thread did: its states without outlines, with their names, or the call that
// a wait was in, where there is room.

import {nameOf} from '../model/trace'
import {wordsOf, isWait} from '../model/states'
import {isCall} from '../wire/decode'
import {hatching} from './hatching'
import type {SpanBox} from './lanes'
import {SMALL_FONT, type Scene} from './scene'
import type {Labels} from './text'

/** CSS pixels from which a state has an edge to its neighbour, and a text. */
const EDGE_MIN = 3
const LABEL_MIN = 26
const PAD = 4

/** Of a box that begins at `start` or before, the last; -1 if there is none. */
function lastAt(boxes: readonly SpanBox[], start: number): number {
  let low = 0
  let high = boxes.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (boxes[middle].start <= start) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low - 1
}

export type CallLookup = (track: number, start: number, end: number) => string | null

/** Calls by track: for each lane its boxes, which come in the order of time. */
function callsByTrack(spans: readonly SpanBox[]): ReadonlyMap<number, Map<number, SpanBox[]>> {
  const tracks = new Map<number, Map<number, SpanBox[]>>()
  for (const span of spans) {
    if (!isCall(span.flags)) {
      continue
    }
    const {track, id} = span.box.lane
    const lanes = tracks.get(track) ?? new Map<number, SpanBox[]>()
    tracks.set(track, lanes)
    const boxes = lanes.get(id)
    if (boxes === undefined) {
      lanes.set(id, [span])
    } else {
      boxes.push(span)
    }
  }
  return tracks
}

/** Which call a thread was in when something began: the innermost of those in the picture. */
export function callLookup(scene: Scene, spans: readonly SpanBox[]): CallLookup {
  const tracks = callsByTrack(spans)
  return (track, start) => {
    let best: SpanBox | null = null
    for (const boxes of tracks.get(track)?.values() ?? []) {
      const span = boxes[lastAt(boxes, start)]
      const isIn = span !== undefined && span.start + span.duration > start
      if (isIn && (best === null || span.box.lane.depth > best.box.lane.depth)) {
        best = span
      }
    }
    return best === null ? null : nameOf(scene.trace, best.name)
  }
}

function labelOf(scene: Scene, span: SpanBox, calls: CallLookup): string {
  const state = scene.trace.stateOfName.get(span.name) ?? 'unknown'
  const call = isWait(state) ? calls(span.box.lane.track, span.start, span.start) : null
  return call ?? wordsOf(state).short
}

interface Ground {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly isCompact: boolean
}

function groundOf(scene: Scene, {box, left, right}: SpanBox): Ground {
  const ratio = scene.pixelRatio
  const x = Math.round(left * ratio) / ratio
  return {
    x,
    y: box.top - scene.scrollTop,
    width: Math.max(Math.round(right * ratio) / ratio - x, 1 / ratio),
    height: box.height - (box.isCompact ? 0 : 1),
    isCompact: box.isCompact,
  }
}

/** All of one state: a colour is set once, not once a box. */
function drawAlike(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  name: number,
  grounds: readonly Ground[],
): void {
  const swatch = scene.stateColours.of(name)
  const {look} = wordsOf(scene.trace.stateOfName.get(name) ?? '')
  if (look === 'ended') {
    ctx.fillStyle = swatch.edge
    grounds.forEach(({x, y, width, height}) =>
      ctx.fillRect(x, y + Math.floor(height / 2), width, 1),
    )
    return
  }
  ctx.fillStyle =
    look === 'unknown' ? hatching(ctx, {line: swatch.edge, ground: swatch.fill}) : swatch.fill
  grounds.forEach(({x, y, width, height}) => ctx.fillRect(x, y, width, height))
  if (look === 'blocked') {
    ctx.fillStyle = swatch.edge
    const tall = grounds.filter(({isCompact}) => !isCompact)
    tall.forEach(({x, y, width, height}) => ctx.fillRect(x, y + height - 2, width, 2))
  }
}

function drawGrounds(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  states: readonly SpanBox[],
): void {
  const alike = new Map<number, Ground[]>()
  for (const span of states) {
    const ground = groundOf(scene, span)
    const known = alike.get(span.name)
    if (known === undefined) {
      alike.set(span.name, [ground])
    } else {
      known.push(ground)
    }
  }
  alike.forEach((grounds, name) => drawAlike(ctx, scene, name, grounds))
  const line = 1 / scene.pixelRatio
  ctx.fillStyle = scene.theme.background
  for (const {x, y, width, height} of [...alike.values()].flat()) {
    if (width >= EDGE_MIN) {
      ctx.fillRect(x + width - line, y, line, height)
    }
  }
}

function drawLabel(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  labels: Labels,
  span: SpanBox,
  text: string,
): void {
  const left = Math.max(span.left, 0)
  const room = Math.min(span.right, scene.width) - left - 2 * PAD
  const label = labels.fit(ctx, text, room)
  const y = span.box.top - scene.scrollTop + (span.box.height - 1) / 2 + 0.5
  ctx.fillStyle = scene.stateColours.of(span.name).ink
  ctx.fillText(label.text, left + PAD, y)
}

/** `spans`: what stands as boxes in the lanes below, for the names of calls. */
export function drawStates(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  labels: Labels,
  states: readonly SpanBox[],
  spans: readonly SpanBox[],
): void {
  drawGrounds(ctx, scene, states)
  const calls = callLookup(scene, spans)
  ctx.font = SMALL_FONT
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  for (const span of states) {
    const isWide = Math.min(span.right, scene.width) - Math.max(span.left, 0) >= LABEL_MIN
    const isOver = scene.trace.stateOfName.get(span.name) === 'dead'
    if (isWide && !isOver && !span.box.isCompact) {
      drawLabel(ctx, scene, labels, span, labelOf(scene, span, calls))
    }
  }
}
