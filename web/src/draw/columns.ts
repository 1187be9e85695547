// SPDX-License-Identifier: MIT
// One lane's merged events as one number per device pixel: how much of it was busy, whether
// something began in it, and what the longest was called. Drawn as bars whose height is the share
// that was busy: a picture of 10 % load looks like 10 %. Above the bar the lane is faintly tinted, so
// that the rarest event is seen.

import type {NameColours, Packed} from './colour'

export interface Columns {
  readonly busy: Float32Array
  readonly hasEvent: Uint8Array
  readonly longest: Float64Array
  readonly name: Uint32Array
  /** For painting: rows above the bar, and both colours. */
  readonly top: Uint16Array
  readonly bar: Uint32Array
  readonly tint: Uint32Array
  width: number
  /** Touched pixels: [first, last]; last < first if none. */
  first: number
  last: number
}

const CAPACITY = 16384

export function makeColumns(): Columns {
  return {
    busy: new Float32Array(CAPACITY),
    hasEvent: new Uint8Array(CAPACITY),
    longest: new Float64Array(CAPACITY),
    name: new Uint32Array(CAPACITY),
    top: new Uint16Array(CAPACITY),
    bar: new Uint32Array(CAPACITY),
    tint: new Uint32Array(CAPACITY),
    width: 0,
    first: 0,
    last: -1,
  }
}

export function clearColumns(columns: Columns, width: number): void {
  const end = columns.last + 1
  if (columns.first < end) {
    columns.busy.fill(0, columns.first, end)
    columns.hasEvent.fill(0, columns.first, end)
    columns.longest.fill(0, columns.first, end)
  }
  columns.width = Math.min(width, CAPACITY)
  columns.first = columns.width
  columns.last = -1
}

function note(columns: Columns, x: number, longest: number, name: number): void {
  if (longest >= columns.longest[x]) {
    columns.longest[x] = longest
    columns.name[x] = name
  }
}

/**
 * Add what lies in [x0, x1) device pixels: `share` of it busy, the longest event and its name, and
 * whether an event begins in it.
 */
export function addToColumns(
  columns: Columns,
  x0: number,
  x1: number,
  share: number,
  longest: number,
  name: number,
  hasEvent: boolean,
): void {
  if (x1 < 0 || x0 >= columns.width) {
    return
  }
  const first = Math.max(0, Math.floor(x0))
  const last = Math.min(columns.width - 1, Math.max(first, Math.ceil(x1) - 1))
  for (let x = first; x <= last; x++) {
    columns.busy[x] += share * (Math.min(x1, x + 1) - Math.max(x0, x))
    note(columns, x, longest, name)
  }
  if (hasEvent && x0 >= 0) {
    columns.hasEvent[first] = 1
  }
  columns.first = Math.min(columns.first, first)
  columns.last = Math.max(columns.last, last)
}

/** Lower bars, by a share. */
export function scaleColumns(columns: Columns, share: number): void {
  for (let x = columns.first; x <= columns.last; x++) {
    columns.busy[x] *= share
  }
}

/** Pixels of a bar: none for nothing, all only for all. */
export function barHeight(busy: number, hasEvent: boolean, height: number): number {
  if (busy <= 0) {
    return hasEvent ? 1 : 0
  }
  if (busy >= 0.9999) {
    return height
  }
  return Math.max(1, Math.min(height - 1, Math.round(busy * height)))
}

/** Where each column's bar begins and in which colours it is painted. */
function choosePaint(
  columns: Columns,
  height: number,
  colours: NameColours,
  background: Packed,
): void {
  const {busy, hasEvent, name, top, bar, tint} = columns
  for (let x = columns.first; x <= columns.last; x++) {
    const pixels = barHeight(busy[x], hasEvent[x] !== 0, height)
    top[x] = height - pixels
    if (pixels === 0) {
      tint[x] = background
    } else {
      const swatch = colours.of(name[x])
      tint[x] = swatch.tint
      bar[x] = swatch.bar
    }
  }
}

/** Paint into an image of the columns' width, row by row as it lies in memory; every pixel of it is written. */
export function paintColumns(
  columns: Columns,
  image: Uint32Array,
  height: number,
  colours: NameColours,
  background: Packed,
): void {
  const {width, first, last, top, bar, tint} = columns
  image.fill(background, 0, width * height)
  choosePaint(columns, height, colours, background)
  for (let y = 0, row = 0; y < height; y++, row += width) {
    for (let x = first; x <= last; x++) {
      image[row + x] = y < top[x] ? tint[x] : bar[x]
    }
  }
}
