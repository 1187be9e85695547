// SPDX-License-Identifier: MIT
// How long blocks lived, as bars by powers of two.

import {lifeBars, lifeBounds, type LifeBar} from '../model/heap'
import {formatFigure} from '../model/nanos'
import type {HeapSite} from '../wire/api'
import {el} from './dom'
import {formatBlocks} from './heap_words'

/** In pixels, where there is room for it. */
const BAR_WIDTH = 28
const LEAST_WIDTH = 140

function barText({digits, blocks}: LifeBar): string {
  const [from, to] = lifeBounds(digits)
  return `${formatFigure(from)} to ${formatFigure(to)}: ${formatBlocks(blocks)}`
}

function bar(one: LifeBar, most: number): HTMLElement {
  const fill = el('span', {class: one.blocks > 0 ? 'fill' : ''})
  fill.style.height = `${(100 * one.blocks) / Math.max(most, 1)}%`
  return el('span', {class: 'life', title: barText(one)}, fill)
}

/** Lives of the freed blocks of a place; words where none was freed. */
export function livesPart(site: HeapSite): HTMLElement {
  const bars = lifeBars(site.lives)
  if (bars.length === 0) {
    return el('p', {class: 'soft', text: 'No block of it was freed here.'})
  }
  const most = bars.reduce((max, one) => Math.max(max, one.blocks), 0)
  const half = `Half lived no longer than ${formatFigure(site.half_life)}, the longest ${formatFigure(site.longest_life)}.`
  const [from] = lifeBounds(bars[0].digits)
  const [, to] = lifeBounds(bars[bars.length - 1].digits)
  const label = `Lives of freed blocks. ${half}`
  const drawing = el(
    'div',
    {class: 'lives-drawing'},
    el('div', {class: 'lives', role: 'img', label}, ...bars.map(one => bar(one, most))),
    el(
      'div',
      {class: 'lives-axis soft'},
      el('span', {text: formatFigure(from)}),
      el('span', {text: formatFigure(to)}),
    ),
  )
  drawing.style.maxWidth = `${Math.max(LEAST_WIDTH, bars.length * BAR_WIDTH)}px`
  return el('div', {class: 'lives-part'}, drawing, el('p', {class: 'soft', text: half}))
}
