// SPDX-License-Identifier: MIT
// Counters as step charts: a line at the mean of each pixel, and the band from its lowest to its
// highest value, so that no peak is lost when zoomed out.

import type {LaneBox} from '../model/tracks'
import {xAt} from '../model/viewport'
import type {Segment} from '../wire/cache'
import {bucketWidth, type CounterTile} from '../wire/decode'
import {bucketsWithin, bucketStart, segmentsOf, type Scene} from './scene'
import {counterColours} from './theme'

const PAD_TOP = 4

interface Chart {
  readonly low: Float64Array
  readonly high: Float64Array
  readonly mean: Float64Array
}

function emptyChart(width: number): Chart {
  const make = (): Float64Array => new Float64Array(width).fill(NaN)
  return {low: make(), high: make(), mean: make()}
}

function hold(chart: Chart, from: number, to: number, value: number): void {
  chart.low.fill(value, from, to)
  chart.high.fill(value, from, to)
  chart.mean.fill(value, from, to)
}

/** Fills the chart from one segment; returns [next empty pixel, value that holds]. */
function addSegment(
  chart: Chart,
  scene: Scene,
  segment: Segment,
  tile: CounterTile,
  cursor: number,
  held: number,
): readonly [number, number] {
  const width = chart.low.length
  const pixel = (time: number): number =>
    Math.max(0, Math.min(width, Math.floor(xAt(scene.view, time) * scene.pixelRatio)))
  const [first, last] = bucketsWithin(tile, segment.from, segment.to)
  let value = first > 0 ? tile.last[first - 1] : tile.before
  if (Number.isNaN(value) && !Number.isNaN(held)) {
    value = held
  }
  let x = Math.max(cursor, pixel(segment.from))
  for (let i = first; i < last; i++) {
    const start = bucketStart(tile, i)
    const begin = pixel(start)
    const end = Math.max(begin + 1, pixel(start + bucketWidth(tile.level)))
    if (begin > x) {
      hold(chart, x, begin, value)
    }
    for (let at = begin; at < Math.min(end, width); at++) {
      const isNew = at >= x
      chart.low[at] = isNew ? tile.min[i] : Math.min(chart.low[at], tile.min[i])
      chart.high[at] = isNew ? tile.max[i] : Math.max(chart.high[at], tile.max[i])
      chart.mean[at] = isNew ? tile.mean[i] : (chart.mean[at] + tile.mean[i]) / 2
    }
    x = Math.max(x, end)
    value = tile.last[i]
  }
  const stop = pixel(Math.min(segment.to, scene.trace.facts.duration))
  if (stop > x) {
    hold(chart, x, stop, value)
    x = stop
  }
  return [x, value]
}

export function chartOf(scene: Scene, lane: number): Chart {
  const chart = emptyChart(Math.ceil(scene.width * scene.pixelRatio))
  let cursor = 0
  let held = NaN
  for (const segment of segmentsOf(scene, lane)) {
    if (segment.tile.kind === 'counter') {
      ;[cursor, held] = addSegment(chart, scene, segment, segment.tile, cursor, held)
    }
  }
  return chart
}

/** The value axis: from zero, unless the values go below it. */
export function extentOf(box: LaneBox): readonly [number, number] {
  const low = Math.min(0, box.lane.min ?? 0)
  const high = Math.max(low + 1e-12, box.lane.max ?? 1)
  return [low, high]
}

export function drawCounter(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  box: LaneBox,
  which: number,
): void {
  const chart = chartOf(scene, box.lane.id)
  const [low, high] = extentOf(box)
  const top = box.top - scene.scrollTop + (box.isCompact ? 0 : PAD_TOP)
  const height = box.height - (box.isCompact ? 1 : PAD_TOP + 3)
  const yOf = (value: number): number => top + height - ((value - low) / (high - low)) * height
  const base = yOf(Math.max(low, 0))
  const colours = counterColours(scene.theme, which)
  const ratio = scene.pixelRatio
  const fill = new Path2D()
  const band = new Path2D()
  const line = new Path2D()
  const thin = 1 / ratio
  let last = NaN
  for (let x = 0; x < chart.low.length; ) {
    const from = x
    const [lo, hi, mean] = [chart.low[x], chart.high[x], chart.mean[x]]
    while (
      x < chart.low.length &&
      Object.is(chart.mean[x], mean) &&
      chart.low[x] === lo &&
      chart.high[x] === hi
    ) {
      x++
    }
    if (x === from) {
      x++
    }
    if (Number.isNaN(mean)) {
      last = NaN
      continue
    }
    const left = from / ratio
    const width = (x - from) / ratio
    const y = yOf(mean)
    fill.rect(left, Math.min(y, base), width, Math.abs(base - y))
    if (hi > lo) {
      band.rect(left, yOf(hi), width, Math.max(yOf(lo) - yOf(hi), thin))
    }
    line.rect(left, y - 0.75, width, 1.5)
    if (!Number.isNaN(last)) {
      line.rect(
        left - thin / 2,
        Math.min(last, y) - 0.75,
        Math.max(thin, 1),
        Math.abs(last - y) + 1.5,
      )
    }
    last = y
  }
  ctx.fillStyle = colours.fill
  ctx.fill(fill)
  ctx.fillStyle = colours.band
  ctx.fill(band)
  ctx.fillStyle = colours.line
  ctx.fill(line)
}
