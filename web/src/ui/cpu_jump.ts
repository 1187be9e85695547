// SPDX-License-Identifier: MIT
// To who ran on a CPU at a time.

import {laneOfCpu, type Trace} from '../model/trace'
import type {App} from './app'

/** Selects the event of a lane at a time, or the nearest. */
export function goToNearest(app: App, lane: number | undefined, time: number): void {
  if (lane === undefined) {
    return
  }
  const {answer} = app.client().ask('at', {lane, time: Math.max(0, time)})
  answer.then(
    found => (found.lane >= 0 ? app.selectEvent(found.lane, found.index, true) : undefined),
    () => undefined,
  )
}

export function goToCpu(app: App, trace: Trace, cpu: number | undefined, time: number): void {
  goToNearest(app, laneOfCpu(trace, cpu)?.id, time)
}
