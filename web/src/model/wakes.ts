// SPDX-License-Identifier: MIT
// Wake-ups as arrows, from the thread that woke to the thread that was woken.

import type {Nanos} from './nanos'
import {laneOfCpu, type Place, type Trace} from './trace'

export interface ArrowEnd {
  readonly lane: number
  readonly index: number
  readonly time: Nanos
}

/** Of an end that is a place in time only. */
const NO_INDEX = -1

export interface Arrow {
  readonly from: ArrowEnd
  readonly to: ArrowEnd
}

/** The part of an event that tells of wake-ups. */
export interface WakeFacts {
  readonly lane: number
  readonly index: number
  readonly state?: {
    readonly waker?: {
      readonly time: Nanos
      readonly cpu?: number
      readonly doing?: Place
      readonly running?: Place
    }
  }
  readonly woke?: readonly {readonly time: Nanos; readonly place?: Place}[]
}

function endAt(place: Place, time: Nanos): ArrowEnd {
  return {lane: place[0], index: place[1], time}
}

/** Where a wake-up came from: what the waker did, else its state, else the CPU it ran on. */
function wakerEnd(trace: Trace, event: WakeFacts): ArrowEnd | undefined {
  const waker = event.state?.waker
  const place = waker?.doing ?? waker?.running
  const cpu = laneOfCpu(trace, waker?.cpu)?.id
  if (waker === undefined) {
    return undefined
  }
  if (place !== undefined) {
    return endAt(place, waker.time)
  }
  return cpu === undefined ? undefined : endAt([cpu, NO_INDEX], waker.time)
}

/** To the event from who ended or made it, and from it to those whom it woke. */
export function wakesOf(trace: Trace, event: WakeFacts): Arrow[] {
  const here = (time: Nanos): ArrowEnd => endAt([event.lane, event.index], time)
  const arrows: Arrow[] = []
  const from = wakerEnd(trace, event)
  if (from !== undefined) {
    arrows.push({from, to: here(from.time)})
  }
  for (const {time, place} of event.woke ?? []) {
    if (place !== undefined) {
      arrows.push({from: here(time), to: endAt(place, time)})
    }
  }
  return arrows
}
