// SPDX-License-Identifier: MIT
// The range that a drag over tracks or the ruler spans.

import type {RangeSelection} from '../model/selection'
import {timeAt, xAt} from '../model/viewport'
import type {App} from './app'
import type {Stage} from './stage'

/** Edges of spans this near pull the edge of a dragged range to them; Alt turns it off. */
const SNAP = 8

export interface Spot {
  readonly x: number
  readonly y: number
}

export interface Way {
  readonly from: Spot
  readonly here: Spot
  /** Over the ruler: whatever the tracks. */
  readonly isOfAll: boolean
  readonly isUnsnapped: boolean
}

function snapped(app: App, stage: Stage, x: number, isOff: boolean): number {
  if (isOff) {
    return timeAt(app.view(), x)
  }
  let best = timeAt(app.view(), x)
  let distance = SNAP
  for (const box of stage.boxes()) {
    for (const time of [box.start, box.start + box.duration]) {
      const away = Math.abs(xAt(app.view(), time) - x)
      if (away < distance) {
        distance = away
        best = time
      }
    }
  }
  return best
}

function tracksBetween(app: App, y0: number, y1: number): number[] {
  const [top, bottom] = [Math.min(y0, y1) + app.scrollTop(), Math.max(y0, y1) + app.scrollTop()]
  const rows = app
    .layout()
    .rows.filter(row => !row.isGroup && row.top <= bottom && row.top + row.height >= top)
  return rows.map(row => row.track.id)
}

/** From where the mouse was pressed to where it is. */
export function draggedRange(app: App, stage: Stage, way: Way): RangeSelection {
  const {from, here} = way
  const a = snapped(app, stage, from.x, way.isUnsnapped)
  const b = snapped(app, stage, here.x, way.isUnsnapped)
  const limit = app.opened()?.trace.facts.duration ?? 0
  const within = (time: number): number => Math.max(0, Math.min(limit, Math.round(time)))
  return {
    type: 'range',
    start: within(Math.min(a, b)),
    end: Math.max(within(Math.max(a, b)), within(Math.min(a, b)) + 1),
    tracks: way.isOfAll ? [] : tracksBetween(app, from.y, here.y),
    lane: -1,
  }
}
