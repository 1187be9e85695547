// SPDX-License-Identifier: MIT
// Going along what the kernel tells: to who woke, and between a thread's states and its CPU.

import {wakesOf} from '../model/wakes'
import {laneOfTrack, type Place, type Trace} from '../model/trace'
import type {EventAnswer} from '../wire/api'
import type {App} from './app'
import {goToCpu, goToNearest} from './cpu_jump'
import {wakerPlace} from './details_kernel'

export interface KernelWalk {
  /** To what the waker did; of anything else on a thread, first to the state it was in. */
  readonly waker: () => void
  /** From a running state to its turn on the CPU, from a turn to the thread. */
  readonly cpu: () => void
  /** Along the wake-up that leaves or reaches the selection; false if there is none. */
  readonly wake: (direction: 1 | -1) => boolean
}

export function makeKernelWalk(app: App): KernelWalk {
  const select = (place: Place | undefined): void => {
    if (place !== undefined) {
      app.selectEvent(place[0], place[1], true)
    }
  }

  const toState = (trace: Trace, detail: EventAnswer, time: number): void =>
    goToNearest(app, laneOfTrack(trace, detail.track, 'state')?.id, time)

  const waker = (): void => {
    const [trace, detail] = [app.opened()?.trace, app.detail()]
    if (trace === undefined || detail === null) {
      return
    }
    const found = detail.state?.waker
    if (found !== undefined && wakerPlace(found) === undefined) {
      goToCpu(app, trace, found.cpu, found.time)
    } else if (found !== undefined) {
      select(wakerPlace(found))
    } else if (detail.turn?.running !== undefined) {
      select(detail.turn.running)
    } else if (detail.state?.state === 'running' && detail.start > 0) {
      goToNearest(app, detail.lane, detail.start - 1)
    } else if (detail.state === undefined) {
      toState(trace, detail, detail.start)
    }
  }

  const cpu = (): void => {
    const [trace, detail] = [app.opened()?.trace, app.detail()]
    if (trace === undefined || detail === null) {
      return
    }
    if (detail.turn !== undefined) {
      select(detail.turn.running)
    } else if (detail.state?.cpu !== undefined) {
      goToCpu(app, trace, detail.state.cpu, detail.start)
    } else if (detail.sample?.cpu !== undefined) {
      goToCpu(app, trace, detail.sample.cpu, detail.start)
    } else {
      toState(trace, detail, detail.start)
    }
  }

  const wake = (direction: 1 | -1): boolean => {
    const [trace, detail] = [app.opened()?.trace, app.detail()]
    const arrows = detail === null || trace === undefined ? [] : wakesOf(trace, detail)
    const isHere = (end: {lane: number; index: number}): boolean =>
      end.lane === detail?.lane && end.index === detail.index
    const arrow = arrows.find(({from, to}) => isHere(direction > 0 ? from : to))
    const other = direction > 0 ? arrow?.to : arrow?.from
    if (other !== undefined && other.index < 0) {
      goToNearest(app, other.lane, other.time)
    } else {
      select(other === undefined ? undefined : [other.lane, other.index])
    }
    return other !== undefined
  }

  return {waker, cpu, wake}
}
