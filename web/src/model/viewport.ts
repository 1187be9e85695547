// SPDX-License-Identifier: MIT
// Which part of the time is on the screen. All moves are pure functions that end in `clamped`.

import type {Nanos} from './nanos'

export interface Viewport {
  readonly start: Nanos
  /** Nanoseconds of one CSS pixel. */
  readonly scale: number
  /** CSS pixels. */
  readonly width: number
}

/** Eight pixels to a nanosecond: nothing is shorter than that. */
export const SCALE_MIN = 1 / 8

/** How far one may look beyond either end, as a share of the trace. */
const MARGIN = 0.05

export function endOf(view: Viewport): Nanos {
  return view.start + view.scale * view.width
}

export function timeAt(view: Viewport, x: number): Nanos {
  return view.start + x * view.scale
}

export function xAt(view: Viewport, time: Nanos): number {
  return (time - view.start) / view.scale
}

/** The nearest allowed view: within the trace and its margins, not closer than SCALE_MIN. */
export function clamped(view: Viewport, duration: Nanos): Viewport {
  const whole = Math.max(duration, 1)
  const widest = (whole * (1 + 2 * MARGIN)) / Math.max(view.width, 1)
  const scale = Math.min(Math.max(view.scale, SCALE_MIN), Math.max(widest, SCALE_MIN))
  const length = scale * view.width
  const first = -whole * MARGIN
  const last = Math.max(whole * (1 + MARGIN) - length, first)
  return {start: Math.min(Math.max(view.start, first), last), scale, width: view.width}
}

/** Zoom by `factor` (below 1 is closer) with the time under `x` staying there. */
export function zoomed(view: Viewport, factor: number, x: number, duration: Nanos): Viewport {
  const whole = clamped({...view, scale: view.scale * factor}, duration)
  const anchor = timeAt(view, x)
  return clamped({...whole, start: anchor - x * whole.scale}, duration)
}

export function panned(view: Viewport, pixels: number, duration: Nanos): Viewport {
  return clamped({...view, start: view.start + pixels * view.scale}, duration)
}

/** Show [start, end) with `margin` of the width free on each side. */
export function framed(
  view: Viewport,
  start: Nanos,
  end: Nanos,
  margin: number,
  duration: Nanos,
): Viewport {
  const length = Math.max(end - start, 1)
  const scale = length / Math.max(view.width * (1 - 2 * margin), 1)
  const free = (scale * view.width - length) / 2
  return clamped({start: start - free, scale, width: view.width}, duration)
}

/** A beginning without events is left out of the whole if it is more than this share. */
const EMPTY_SHARE = 0.03

/** All that happens in the trace, with a little air. */
export function fitted(view: Viewport, duration: Nanos, first: Nanos = 0): Viewport {
  const isLong = first > duration * EMPTY_SHARE && first < duration
  return framed(view, isLong ? first : 0, duration, 0.005, duration)
}

/** The same range of time on another width. */
export function resized(view: Viewport, width: number, duration: Nanos): Viewport {
  return clamped(
    {start: view.start, scale: (view.scale * view.width) / Math.max(width, 1), width},
    duration,
  )
}

/** The same scale, moved just enough that [start, end) is in sight (or its middle, if it is too long). */
export function revealed(view: Viewport, start: Nanos, end: Nanos, duration: Nanos): Viewport {
  const length = view.scale * view.width
  const isVisible = end > view.start && start < view.start + length
  const isWhole = start >= view.start && end <= view.start + length
  if (isWhole || (isVisible && end - start > length)) {
    return view
  }
  return clamped({...view, start: (start + end) / 2 - length / 2}, duration)
}

export function isSameView(a: Viewport, b: Viewport): boolean {
  const near = Math.abs(a.start - b.start) <= a.scale * 0.5
  return near && Math.abs(a.scale / b.scale - 1) < 1e-6
}
