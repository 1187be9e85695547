// SPDX-License-Identifier: MIT
import {equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {colourStates, stateSwatches} from './state_colours'

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map(at => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a) + 0.05, luminance(b) + 0.05]
  return Math.max(x, y) / Math.min(x, y)
}

const BOTH = [false, true]

test('labels are readable on every state', () => {
  for (const isDark of BOTH) {
    for (const [look, swatch] of Object.entries(stateSwatches(isDark))) {
      ok(contrast(swatch.ink, swatch.fill) >= 4, `${look}: ${contrast(swatch.ink, swatch.fill)}`)
    }
  }
})

test('what runs, could run, waits and is stuck differs without colour', () => {
  for (const isDark of BOTH) {
    const {running, runnable, sleeping, blocked} = stateSwatches(isDark)
    const fills = [running, runnable, sleeping, blocked].map(swatch => swatch.fill)
    fills.forEach((a, i) =>
      fills.slice(i + 1).forEach(b => ok(contrast(a, b) >= 1.25, `${a} ${b} ${contrast(a, b)}`)),
    )
  }
})

test('a name that is no state is drawn as unknown', () => {
  const colours = colourStates(new Map([[5, 'running']]), false)
  equal(colours.of(4).fill, stateSwatches(false).unknown.fill)
  equal(colours.of(5).fill, stateSwatches(false).running.fill)
})
