// SPDX-License-Identifier: MIT
// What the colours of the state strip mean.

import {STATES, wordsOf} from '../model/states'
import {stateSwatches} from '../draw/state_colours'
import {el} from './dom'

export function stateLegend(isDark: boolean): HTMLElement[] {
  const swatches = stateSwatches(isDark)
  const list = el('ul')
  for (const state of STATES) {
    const {look, short, long} = wordsOf(state)
    const sign = el('span', {class: `sign part-${look}`})
    sign.style.backgroundColor = swatches[look].fill
    sign.style.borderColor = swatches[look].edge
    list.append(
      el('li', {}, sign, el('span', {class: 'strong', text: short}), el('span', {text: long})),
    )
  }
  return [el('h3', {text: 'The strip above a thread: what it did'}), list]
}
