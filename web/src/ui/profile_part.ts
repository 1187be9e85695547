// SPDX-License-Identifier: MIT
// Where threads were, on a CPU and off it: two flame graphs behind a switch. The choice stays.

import type {Trace, Track} from '../model/trace'
import type {EventAnswer, Stretch} from '../wire/api'
import type {App} from './app'
import type {Asked} from './asked'
import {button, el} from './dom'
import {flameOf, hasSamples, hasStates, splitOf} from './kernel_parts'
import {hasLooks, sleepsOf} from './sleeps_part'

type Side = 'on' | 'off'

const SIDES: readonly (readonly [Side, string, string])[] = [
  ['on', 'On CPU', 'Where threads ran: samples of them'],
  ['off', 'Off CPU', 'Where threads slept: looks at them'],
]

const NOTHING: Readonly<Record<Side, string>> = {
  on: 'There are no samples of these threads',
  off: 'Nobody looked at these threads',
}

let chosen: Side = 'on'

/** What there is to show of these threads. */
export function sidesOf(trace: Trace, tracks: readonly (Track | undefined)[]): Side[] {
  const isSampled = tracks.some(track => track !== undefined && hasSamples(trace, track.id))
  return [...(isSampled ? ['on' as const] : []), ...(tracks.some(hasLooks) ? ['off' as const] : [])]
}

/** `sides`: those that there is something to show of, at least one. */
export function profileOf(app: App, stretch: Stretch, sides: readonly Side[]): Asked {
  const root = el('div')
  let asked: Asked | null = null
  const bar = (side: Side): HTMLElement => {
    const made = el('div', {class: 'tabs', role: 'group', label: 'On a CPU, or off it'})
    for (const [one, text, title] of SIDES) {
      const choice = button(text, title, () => {
        chosen = one
        show(one)
        root.querySelector<HTMLElement>('.tabs .on')?.focus()
      })
      choice.classList.toggle('on', one === side)
      choice.setAttribute('aria-pressed', String(one === side))
      if (!sides.includes(one)) {
        choice.disabled = true
        choice.title = NOTHING[one]
      }
      made.append(choice)
    }
    return made
  }
  const show = (side: Side): void => {
    asked?.cancel()
    asked = side === 'on' ? flameOf(app, stretch) : sleepsOf(app, stretch)
    root.replaceChildren(...(sides.includes('off') ? [bar(side)] : []), asked.root)
  }
  show(sides.includes(chosen) ? chosen : sides[0])
  return {root, cancel: () => asked?.cancel()}
}

/** Of a span: where its time went, and where its thread was in it. */
export function spanParts(app: App, trace: Trace, event: EventAnswer): readonly [string, Asked][] {
  const stretch: Stretch = {lane: event.lane, index: event.index}
  const parts: [string, Asked][] = []
  if (event.kind !== 'span' || event.duration <= 0) {
    return parts
  }
  if (hasStates(trace, event.track)) {
    parts.push(['Where its time went', splitOf(app, trace, stretch)])
  }
  const sides = sidesOf(trace, [trace.trackById.get(event.track)])
  if (sides.length > 0) {
    const title = sides.includes('on') ? 'Samples in it' : 'Where it slept'
    parts.push([title, profileOf(app, stretch, sides)])
  }
  return parts
}
