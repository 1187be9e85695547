// SPDX-License-Identifier: MIT
// From what lies under the pointer to what is selected.

import type {Hit} from '../draw/probe'
import type {App} from './app'

/** From what is selected to what was hit, over both their tracks. */
export function extendTo(app: App, hit: Hit): void {
  const detail = app.detail()
  const old = app.selection()
  const track = app.opened()?.trace.laneById.get(hit.lane)?.track
  if (hit.type !== 'span' || track === undefined) {
    return
  }
  const from =
    old?.type === 'range'
      ? {start: old.start, end: old.end, tracks: old.tracks}
      : detail === null
        ? {start: hit.start, end: hit.start, tracks: []}
        : {start: detail.start, end: detail.start + detail.duration, tracks: [detail.track]}
  app.select({
    type: 'range',
    start: Math.min(from.start, hit.start),
    end: Math.max(from.end, hit.start + hit.duration),
    tracks: [...new Set([...from.tracks, track])],
    lane: -1,
  })
}

/** What a click there is meant for. */
export function selectHit(app: App, hit: Hit): void {
  switch (hit.type) {
    case 'span':
      return app.selectEvent(hit.lane, hit.index)
    case 'instant':
      if (hit.count === 1) {
        return app.selectEvent(hit.lane, hit.index)
      }
      return app.select({type: 'range', start: hit.from, end: hit.to, tracks: [], lane: hit.lane})
    case 'bucket':
      if (hit.count === 1) {
        return app.selectEvent(hit.lane, hit.longestIndex)
      }
      return app.select({type: 'range', start: hit.from, end: hit.to, tracks: [], lane: hit.lane})
    case 'counter':
      return selectNearest(app, hit.lane, hit.time)
    case 'row':
      return app.selection()?.type === 'event' ? app.select(null) : undefined
  }
}

function selectNearest(app: App, lane: number, time: number): void {
  app
    .client()
    .ask('at', {lane, time: Math.max(0, time)})
    .answer.then(
      found => (found.lane >= 0 ? app.selectEvent(found.lane, found.index) : undefined),
      () => undefined,
    )
}
