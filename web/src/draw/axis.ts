// SPDX-License-Identifier: MIT
// The ruler: ticks at 1, 2 or 5 times a power of ten. Zoomed out they are labelled with the time
// since the beginning; zoomed in so far that those would differ only in their last digits, with
// the distance from a base that is written once, beside the ruler.

import {formatMoment, unitFor, type Nanos} from '../model/nanos'
import {endOf, xAt, type Viewport} from '../model/viewport'
import type {Theme} from './theme'

export const RULER_HEIGHT = 34

/** CSS pixels that a label needs. */
const LABEL_ROOM = 88

export interface Ticks {
  readonly step: Nanos
  readonly minor: Nanos
  /** null: labels are absolute. */
  readonly base: Nanos | null
  readonly times: readonly Nanos[]
}

/** The smallest 1, 2, 5 x 10^n that is at least `least`. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-3)))
  for (const factor of [1, 2, 5, 10]) {
    if (power * factor >= least * (1 - 1e-9)) {
      return power * factor
    }
  }
  return power * 10
}

export function ticksOf(view: Viewport): Ticks {
  const step = Math.max(1, niceStep(LABEL_ROOM * view.scale))
  const end = endOf(view)
  const largest = Math.max(Math.abs(view.start), Math.abs(end))
  const isRelative = largest / step >= 1000
  const base = isRelative
    ? Math.floor((view.start + view.scale * 4) / (step * 100)) * step * 100
    : null
  const times: Nanos[] = []
  for (let n = Math.ceil(view.start / step); n * step <= end; n++) {
    times.push(n * step)
  }
  const minor = Math.max(1, step / (String(step).startsWith('2') ? 4 : 5))
  return {step, minor, base, times}
}

export function tickLabel(ticks: Ticks, time: Nanos): string {
  if (ticks.base === null) {
    return time === 0 ? '0' : formatTick(time, ticks.step)
  }
  const distance = time - ticks.base
  return distance === 0 ? '+0' : `+${formatTick(distance, ticks.step)}`
}

/** A tick in the unit of the largest sensible size, with only the digits the step needs. */
function formatTick(value: Nanos, step: Nanos): string {
  const unit = unitFor(Math.max(Math.abs(value), step))
  const digits = Math.max(0, Math.ceil(-Math.log10(step / unit.size) - 1e-9))
  return `${(value / unit.size).toFixed(digits)}\u202f${unit.name}`
}

export function drawAxis(
  ctx: CanvasRenderingContext2D,
  view: Viewport,
  theme: Theme,
  duration: Nanos,
): Ticks {
  const ticks = ticksOf(view)
  ctx.clearRect(0, 0, view.width, RULER_HEIGHT)
  ctx.textBaseline = 'alphabetic'
  ctx.textAlign = 'left'
  drawMinor(ctx, view, theme, ticks, duration)
  ctx.font = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
  for (const time of ticks.times) {
    if (time < 0 || time > duration) {
      continue
    }
    const x = Math.round(xAt(view, time))
    ctx.fillStyle = theme.faintInk
    ctx.fillRect(x, RULER_HEIGHT - 11, 1, 11)
    const label = tickLabel(ticks, time)
    if (x + 4 + ctx.measureText(label).width <= view.width) {
      ctx.fillStyle = theme.softInk
      ctx.fillText(label, x + 4, RULER_HEIGHT - 5)
    }
  }
  return ticks
}

function drawMinor(
  ctx: CanvasRenderingContext2D,
  view: Viewport,
  theme: Theme,
  ticks: Ticks,
  duration: Nanos,
): void {
  ctx.fillStyle = theme.line
  const end = Math.min(endOf(view), duration)
  for (let n = Math.ceil(Math.max(0, view.start) / ticks.minor); n * ticks.minor <= end; n++) {
    ctx.fillRect(Math.round(xAt(view, n * ticks.minor)), RULER_HEIGHT - 4, 1, 4)
  }
}

/** What the relative labels count from; empty if they are absolute. Stands beside the ruler. */
export function baseLabel(view: Viewport): string {
  const {base, step} = ticksOf(view)
  return base === null ? '' : formatMoment(base, step * 100)
}
