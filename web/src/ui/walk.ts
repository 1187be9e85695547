// SPDX-License-Identifier: MIT
// Going from event to event without a mouse: along a lane, to parent and child, along flows, and
// from lane to lane.

import type {LaneBox} from '../model/tracks'
import type {Flow} from '../wire/api'
import type {App} from './app'

export interface Walk {
  readonly along: (direction: 1 | -1) => void
  readonly sideways: (direction: 1 | -1) => void
  readonly lane: (direction: 1 | -1) => void
  readonly enter: () => void
  readonly parent: () => void
  readonly child: () => void
  readonly flow: (direction: 1 | -1) => void
}

const PAN_PIXELS = 80

export function makeWalk(app: App): Walk {
  /** The event of a lane nearest to a time. */
  const nearest = (lane: number, time: number): void => {
    app
      .client()
      .ask('at', {lane, time: Math.max(0, time)})
      .answer.then(
        found => (found.lane >= 0 ? app.selectEvent(found.lane, found.index, true) : undefined),
        () => undefined,
      )
  }

  const centre = (): number => app.view().start + (app.view().scale * app.view().width) / 2

  const along = (direction: 1 | -1): void => {
    const detail = app.detail()
    if (detail === null) {
      if (app.focusedLane() >= 0) {
        nearest(app.focusedLane(), centre())
      }
      return
    }
    const last = (app.opened()?.trace.laneById.get(detail.lane)?.events ?? 0) - 1
    const next = Math.max(0, Math.min(last, detail.index + direction))
    app.selectEvent(detail.lane, next, true)
  }

  const boxes = (): readonly LaneBox[] => app.layout().rows.flatMap(row => row.boxes)

  const lane = (direction: 1 | -1): void => {
    const all = boxes()
    if (all.length === 0) {
      return
    }
    const here = all.findIndex(box => box.lane.id === app.focusedLane())
    const next = here < 0 ? 0 : Math.max(0, Math.min(all.length - 1, here + direction))
    app.focusLane(all[next].lane.id)
  }

  const follow = (flows: readonly Flow[], direction: 1 | -1): void => {
    const detail = app.detail()
    const flow = flows.find(one => {
      const end = direction > 0 ? one.from : one.to
      return detail !== null && end.lane === detail.lane && end.index === detail.index
    })
    if (flow !== undefined) {
      const other = direction > 0 ? flow.to : flow.from
      app.selectEvent(other.lane, other.index, true)
    }
  }

  return {
    along,
    sideways: direction => {
      if (app.detail() !== null) {
        along(direction)
      } else if (app.focusedLane() >= 0) {
        nearest(app.focusedLane(), centre())
      } else {
        app.pan(direction * PAN_PIXELS)
      }
    },
    lane,
    enter: () => {
      const selection = app.selection()
      if (selection?.type === 'event') {
        app.focusSelection()
      } else if (app.focusedLane() >= 0) {
        nearest(app.focusedLane(), centre())
      }
    },
    parent: () => {
      const parent = app.detail()?.parent
      if (parent !== undefined) {
        app.selectEvent(parent[0], parent[1], true)
      }
    },
    child: () => {
      const child = app.detail()?.first_child
      if (child !== undefined) {
        app.selectEvent(child[0], child[1], true)
      }
    },
    flow: direction => follow(app.detail()?.flows ?? [], direction),
  }
}
