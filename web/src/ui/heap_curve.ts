// SPDX-License-Identifier: MIT
// What was alive, over the time from the trace's begin to the end that was asked for, drawn small.

import {formatDuration} from '../model/nanos'
import {formatBytes} from '../model/quantity'
import type {HeapAnswer} from '../wire/api'
import {el} from './dom'

const SVG = 'http://www.w3.org/2000/svg'
const WIDTH = 400
const HEIGHT = 48

function shape(name: string, className: string, facts: Record<string, string>): SVGElement {
  const made = document.createElementNS(SVG, name)
  made.setAttribute('class', className)
  for (const [key, value] of Object.entries(facts)) {
    made.setAttribute(key, value)
  }
  return made
}

/** Steps: what a point says holds for all of its stretch. */
function outline(values: readonly number[], most: number, width: number): string {
  const y = (value: number): string => (HEIGHT * (1 - value / most)).toFixed(1)
  const x = (at: number): string => ((width * at) / values.length).toFixed(1)
  const steps = values.map((value, at) => `L${x(at)} ${y(value)}L${x(at + 1)} ${y(value)}`)
  return `M0 ${HEIGHT}${steps.join('')}L${width.toFixed(1)} ${HEIGHT}Z`
}

export function curvePart(answer: HeapAnswer): HTMLElement | null {
  const {step, points} = answer.curve
  const most = points.reduce((max, [, top]) => Math.max(max, top), 0)
  if (points.length < 2 || most <= 0) {
    return null
  }
  const whole = Math.max(answer.end, 1)
  const width = Math.min(WIDTH, (WIDTH * step * points.length) / whole)
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`)
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.setAttribute('aria-hidden', 'true')
  svg.append(
    shape('path', 'most', {
      d: outline(
        points.map(([, top]) => top),
        most,
        width,
      ),
    }),
    shape('path', 'alive', {
      d: outline(
        points.map(([alive]) => alive),
        most,
        width,
      ),
    }),
  )
  if (answer.start > 0) {
    const from = (WIDTH * Math.min(answer.start, whole)) / whole
    svg.append(
      shape('rect', 'outside', {x: '0', y: '0', width: from.toFixed(1), height: String(HEIGHT)}),
    )
  }
  const text = `At most ${formatBytes(answer.peak.bytes)} alive, at ${formatDuration(answer.peak.time)}`
  return el(
    'figure',
    {
      class: 'heap-curve',
      title: 'Bytes alive until the end; the paler part is the most within each stretch',
    },
    svg as unknown as HTMLElement,
    el('figcaption', {class: 'soft', text}),
  )
}
