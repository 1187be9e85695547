// SPDX-License-Identifier: MIT
import {equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {colourNames, faded, makePalette, swatchOf} from './colour'

function luminance(hex: string): number {
  const parts = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16) / 255)
  const [r, g, b] = parts.map(part =>
    part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

test('labels are readable on every colour of both themes', () => {
  for (const isDark of [false, true]) {
    for (const swatch of makePalette(isDark)) {
      ok(contrast(swatch.ink, swatch.fill) >= 4.5, `${swatch.ink} on ${swatch.fill}`)
      ok(contrast(swatch.softInk, swatch.fill) >= 3, `${swatch.softInk} on ${swatch.fill}`)
    }
    ok(contrast(faded(isDark).ink, faded(isDark).fill) >= 2.5)
  }
})

test('a name has the same colour every time, and names spread over the palette', () => {
  equal(swatchOf('db.query'), swatchOf('db.query'))
  const used = new Set(Array.from({length: 300}, (_, i) => swatchOf(`function_${i}`)))
  ok(used.size >= 30)
})

test('what the search leaves out is faded', () => {
  const colours = colourNames(['a', 'b'], false, new Set([1]))
  equal(colours.of(0).fill, faded(false).fill)
  ok(colours.of(1).fill !== faded(false).fill)
})
