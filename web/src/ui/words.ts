// SPDX-License-Identifier: MIT
// Sentences about events: the same ones for the tooltip, the panel and the live region.

import {formatDuration} from '../model/nanos'
import {formatAmount, formatCount, formatPlural, formatShare} from '../model/quantity'
import {isWait, wordsOf} from '../model/states'
import {nameOf, trackOfLane, type Trace} from '../model/trace'
import type {EventAnswer} from '../wire/api'
import {isCall, isCollector, REAL} from '../wire/decode'
import type {Hit, SpanHit} from '../draw/probe'
import {shown} from '../model/shown'

export interface Sentence {
  readonly title: string
  readonly facts: string
}

function noun(trace: Trace, lane: number): string {
  const kind = trace.laneById.get(lane)?.kind
  return kind === 'cpu' ? 'turn' : kind === 'task' || kind === 'state' ? kind : 'span'
}

/** `call`: what the thread was in, if that is known from the tiles. */
function sayState(trace: Trace, hit: SpanHit, call: string | null): Sentence {
  const state = trace.stateOfName.get(hit.name) ?? 'unknown'
  const {short, long} = wordsOf(state)
  const where = call !== null && isWait(state) ? ` in ${call}` : ''
  return {title: `${short}${where}`, facts: `${formatDuration(hit.duration)} · ${long}`}
}

function callWord(flags: number): string {
  if (isCollector(flags)) {
    return 'of the collector'
  }
  const word = (flags & REAL.systemCall) !== 0 ? 'system call' : 'library call'
  return isCall(flags) ? word : ''
}

function saySpan(trace: Trace, hit: SpanHit): Sentence {
  const lane = trace.laneById.get(hit.lane)
  const kinds = [
    lane?.kind === 'cpu' ? `CPU ${lane.cpu ?? ''}` : '',
    callWord(hit.flags),
    (hit.flags & REAL.unfinished) !== 0 ? 'not finished' : '',
  ]
  return {
    title: lane?.kind === 'gap' ? 'Events were lost here' : nameOf(trace, hit.name),
    facts: [formatDuration(hit.duration), ...kinds].filter(part => part !== '').join(', '),
  }
}

export function sayHit(trace: Trace, hit: Hit, call: string | null): Sentence | null {
  switch (hit.type) {
    case 'span':
      return trace.laneById.get(hit.lane)?.kind === 'state'
        ? sayState(trace, hit, call)
        : saySpan(trace, hit)
    case 'bucket': {
      const count = formatPlural(hit.count, noun(trace, hit.lane))
      const facts = `${count}, ${formatShare(hit.busy)} busy in ${formatDuration(hit.to - hit.from)}`
      if (hit.longest < 0) {
        return {title: `Tail of a short ${noun(trace, hit.lane)}`, facts}
      }
      return {
        title: `longest ${formatDuration(hit.longest)} ${nameOf(trace, hit.longestName)}`,
        facts,
      }
    }
    case 'instant': {
      const isSample = trace.laneById.get(hit.lane)?.kind === 'sample'
      const what = hit.isLog ? 'log message' : isSample ? 'sample' : 'instant'
      const more = hit.count > 1 ? `first of ${formatCount(hit.count)} here` : what
      return {title: nameOf(trace, hit.name), facts: more}
    }
    case 'counter': {
      const lane = trace.laneById.get(hit.lane)
      const amount = (value: number): string => formatAmount(value, lane?.unit)
      const isOne = hit.min === hit.max
      const value = isOne ? amount(hit.min) : `${amount(hit.min)} to ${amount(hit.max)}`
      const isMany = hit.samples > 1 && lane?.step === undefined
      const more = isMany ? `, ${formatCount(hit.samples)} samples` : ''
      const about = lane?.is_estimate === true ? ', estimated' : ''
      return {title: nameOf(trace, lane?.name), facts: value + more + about}
    }
    case 'row':
      return null
  }
}

/** For the live region: name, duration, where, and place among the search's hits. */
export function sayEvent(trace: Trace, event: EventAnswer, position: string): string {
  const name = shown(nameOf(trace, event.name))
  const track = trackOfLane(trace, event.lane)?.label ?? ''
  const length = event.duration > 0 ? `, ${formatDuration(event.duration)}` : ''
  const open = event.is_unfinished === true ? ', not finished' : ''
  return `${name}${length}${open}, ${shown(track)}, at ${formatDuration(event.start)}${position}`
}
