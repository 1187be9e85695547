// SPDX-License-Identifier: MIT
// The whole trace in one strip: how many threads were busy when, from the overview tiles, and
// which part is on the screen.

import type {Nanos} from '../model/nanos'
import type {Lane, Trace} from '../model/trace'
import {endOf, type Viewport} from '../model/viewport'
import type {TileCache} from '../wire/cache'
import {bucketWidth, REAL, type Tile} from '../wire/decode'
import {OTHERS} from './state_colours'
import {bucketStart} from './scene'
import type {Theme} from './theme'

export const MINIMAP_HEIGHT = 38

/** Who ran on the CPUs, if that is known; else outermost spans, of which some may be waits. */
function activityLanes(trace: Trace): readonly Lane[] {
  const cpus = trace.lanes.filter(lane => lane.kind === 'cpu')
  const spans = trace.lanes.filter(lane => lane.kind === 'span' && lane.depth === 0)
  return cpus.length > 0 ? cpus : spans
}

/** Busy CPUs or threads per pixel of a strip of `width` pixels. */
export function activityOf(trace: Trace, cache: TileCache, width: number): Float32Array {
  const busy = new Float32Array(width)
  const scale = Math.max(trace.facts.duration, 1) / width
  const add = (from: Nanos, to: Nanos, share: number): void => {
    const x0 = from / scale
    const x1 = Math.min(to / scale, width)
    for (let x = Math.max(0, Math.floor(x0)); x < x1; x++) {
      busy[x] += share * (Math.min(x1, x + 1) - Math.max(x0, x))
    }
  }
  const isOther = (name: number): boolean => trace.names[name] === OTHERS
  const addTile = (tile: Tile): void => {
    if (tile.kind !== 'spans') {
      return
    }
    for (let i = 0; i < tile.real; i++) {
      const isRepeated = (tile.flags[i] & REAL.continues) !== 0
      const end = tile.duration[i] < 0 ? trace.facts.duration : tile.start[i] + tile.duration[i]
      if (!isRepeated && !isOther(tile.name[i])) {
        add(tile.start[i], end, 1)
      }
    }
    const length = bucketWidth(tile.level)
    for (let i = 0; i < tile.buckets; i++) {
      const start = bucketStart(tile, i)
      if (!isOther(tile.longestName[i])) {
        add(start, start + length, tile.coverage[i] / 65535)
      }
    }
  }
  for (const lane of activityLanes(trace)) {
    cache.overview(lane.id).forEach(addTile)
  }
  return busy
}

export interface Window {
  readonly left: number
  readonly right: number
}

/** Where the view lies on the strip; at least a few pixels wide, so that it can be seen and held. */
export function windowOf(view: Viewport, duration: Nanos, width: number): Window {
  const whole = Math.max(duration, 1)
  const left = Math.max(0, (view.start / whole) * width)
  const right = Math.min(width, (endOf(view) / whole) * width)
  const missing = Math.max(0, 6 - (right - left)) / 2
  return {left: left - missing, right: right + missing}
}

export function drawMinimap(
  ctx: CanvasRenderingContext2D,
  activity: Float32Array,
  view: Viewport,
  duration: Nanos,
  theme: Theme,
  width: number,
): void {
  const height = MINIMAP_HEIGHT
  ctx.clearRect(0, 0, width, height)
  const most = Math.max(1, ...activity)
  ctx.fillStyle = theme.activity
  ctx.beginPath()
  ctx.moveTo(0, height)
  for (let x = 0; x < activity.length; x++) {
    const y = height - 1 - (activity[x] / most) * (height - 8)
    ctx.lineTo(x, y)
    ctx.lineTo(x + 1, y)
  }
  ctx.lineTo(activity.length, height)
  ctx.fill()
  const {left, right} = windowOf(view, duration, width)
  ctx.fillStyle = theme.shade
  ctx.fillRect(0, 0, left, height)
  ctx.fillRect(right, 0, width - right, height)
  if (left > 0.5 || right < width - 0.5) {
    ctx.strokeStyle = theme.accent
    ctx.lineWidth = 1.5
    ctx.strokeRect(left + 0.75, 0.75, Math.max(right - left - 1.5, 1), height - 1.5)
  }
}
