// SPDX-License-Identifier: MIT
// The panel of a wait for a lock: where the thread waited, who had the lock, who let it go and where.

import {formatDuration} from '../model/nanos'
import {isWait} from '../model/states'
import type {Trace} from '../model/trace'
import type {EventAnswer, LockFacts} from '../wire/api'
import type {App} from './app'
import {stackPart, wakerPart} from './details_kernel'
import {button, el, traceText} from './dom'
import {looksPart} from './looks_part'

type Part = readonly [heading: string, parts: readonly Node[]]

/** Where the holder was found running meanwhile. */
function sampledPart(
  app: App,
  event: EventAnswer,
  sampled: NonNullable<NonNullable<LockFacts['holder']>['sampled']>,
): Node[] {
  const after = formatDuration(Math.max(0, sampled.time - event.start))
  const [lane, index] = sampled.place
  const go = button('Its sample', 'Go to that sample', () => app.selectEvent(lane, index, true))
  return [
    el('h4', {text: `Was at, ${after} later`}),
    stackPart(sampled.frames),
    el('div', {class: 'actions'}, go),
  ]
}

/** Where it was seen while others waited, asleep or not; else where a sample found it. */
function whereHolderWas(
  app: App,
  event: EventAnswer,
  holder: NonNullable<LockFacts['holder']>,
): readonly Node[] {
  const {seen: [first] = [], sampled, label, tid} = holder
  if (first === undefined) {
    return sampled === undefined ? [] : sampledPart(app, event, sampled)
  }
  const how = isWait(first.state) ? 'was asleep at' : 'ran, at'
  const title = el('h4', {}, 'While this thread waited, ')
  title.append(traceText(label === '' ? 'thread' : label), ` ${tid} ${how}`)
  return [title, ...looksPart(holder, event.start, 'wait')]
}

/** Time from the signal to the end: the thread woke up, and of a condition it had its mutex again. */
function untilItWentOn(event: EventAnswer, lock: LockFacts): Node[] {
  const left = event.start + event.duration - (lock.waker?.time ?? 0)
  if (lock.waker === undefined || event.is_unfinished === true || left <= 0) {
    return []
  }
  return [el('div', {class: 'soft', text: `the thread went on ${formatDuration(left)} later`})]
}

export function lockParts(app: App, trace: Trace, event: EventAnswer, lock: LockFacts): Part[] {
  const {frames, holder, waker} = lock
  const parts: Part[] = []
  if (frames !== undefined && frames.length > 0) {
    parts.push(['Waited in', [stackPart(frames)]])
  }
  if (holder !== undefined) {
    const had = wakerPart(app, trace, event, holder, 'when the wait began')
    const at = whereHolderWas(app, event, holder)
    parts.push(['Who had the lock', [had, ...at]])
  }
  if (waker !== undefined) {
    const stack = waker.frames === undefined ? [] : [stackPart(waker.frames)]
    const gave = wakerPart(app, trace, event, waker)
    gave.append(...untilItWentOn(event, lock))
    parts.push(['Who let it go', [gave, ...stack]])
  }
  return parts
}
