// SPDX-License-Identifier: MIT
// Where a thread was seen to stand: each place once, as its functions in a line, which opens to the stack.

import {briefName} from '../model/function_name'
import {formatDuration, type Nanos} from '../model/nanos'
import {formatCount, formatPlural} from '../model/quantity'
import {isWait} from '../model/states'
import type {Seen, SeenAt, StackFrame} from '../wire/api'
import {stackPart} from './details_kernel'
import {el, traceText} from './dom'

/** Functions in a line. */
const FUNCTIONS_SHOWN = 5

function nameOf(frame: StackFrame): string {
  const name = frame.function ?? ''
  return name === '' ? (frame.address ?? '?') : briefName(name)
}

/** From what the program called to sleep on: `usleep < caller < main`; within it are the C library's own. */
function chainOf({frames: all, brief: [call, own]}: SeenAt): HTMLElement {
  const chain = el('span', {class: 'chain'})
  const frames = all.filter((_, i) => i === call || i >= own)
  frames.slice(0, FUNCTIONS_SHOWN).forEach((frame, i) => {
    chain.append(...(i > 0 ? [el('span', {class: 'faint', text: ' < '})] : []))
    chain.append(traceText(nameOf(frame), i === 0 ? 'mono strong' : 'mono'))
  })
  if (frames.length > FUNCTIONS_SHOWN) {
    chain.append(el('span', {class: 'faint', text: ' < …'}))
  }
  return chain
}

/** When in `whole`, and how often. */
function whenText(one: SeenAt, begin: Nanos, whole: string): string {
  const into = (time: Nanos): string => formatDuration(Math.max(0, time - begin))
  const often =
    one.count > 1 ? `, ${formatCount(one.count)} times, last ${into(one.last)} into it` : ''
  return `${into(one.time)} into the ${whole}${often}`
}

function place(one: SeenAt, begin: Nanos, whole: string, isOpen: boolean): HTMLElement {
  const state = isWait(one.state) ? '' : 'running · '
  const when = el('span', {class: 'soft', text: `${state}${whenText(one, begin, whole)}`})
  const made = el('details', {}, el('summary', {}, chainOf(one), when), stackPart(one.frames))
  made.open = isOpen
  return made
}

/** Empty where nobody looked. `whole`: what began at `begin`, in a word. */
export function looksPart(seen: Seen, begin: Nanos, whole: string): HTMLElement[] {
  const {seen: places = [], seen_left_out: more = 0} = seen
  if (places.length === 0) {
    return []
  }
  const list = el('div', {class: 'looks'})
  list.append(...places.map((one, i) => place(one, begin, whole, i === 0)))
  if (more > 0) {
    const text = `${formatPlural(more, 'look')} at other places left out`
    list.append(el('p', {class: 'soft', text}))
  }
  return [list]
}
