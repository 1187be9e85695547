// SPDX-License-Identifier: MIT
// What was alive and what was in RAM, over the time from the trace's begin to the end that was asked
// for, drawn small, by one scale.

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

const pathOf = (
  className: string,
  values: readonly number[],
  most: number,
  width: number,
): SVGElement => shape('path', className, {d: outline(values, most, width)})

/** What is resident, where it is told; a line, so that what is alive shows under it. */
function residentPath({curve}: HeapAnswer, most: number, width: number): SVGElement[] {
  const values = curve.points.map(([, , , , top]) => top)
  return values.some(value => value > 0) ? [pathOf('resident', values, most, width)] : []
}

/** `Resident: 4 MiB at the start, 12 MiB at the end, at most 34 MiB, at 1.9 s`. */
export function residentText({resident, start}: HeapAnswer): string {
  const {begin, end, now, most, time, processes} = resident
  const said = [
    ...(start > 0 ? [`${formatBytes(begin)} at the start`] : []),
    ...(now > 0 ? [`${formatBytes(now)} at the end`] : []),
    ...(now === 0 && processes === 1 ? [`${formatBytes(end)} when it ended`] : []),
    `at most ${formatBytes(most)}, at ${formatDuration(time)}`,
  ]
  return `Resident: ${said.join(', ')}`
}

function captionOf(answer: HeapAnswer): HTMLElement {
  const alive = `At most ${formatBytes(answer.peak.bytes)} alive, at ${formatDuration(answer.peak.time)}`
  const key = (className: string): HTMLElement => el('span', {class: `key ${className}`})
  return el(
    'figcaption',
    {class: 'soft'},
    ...(answer.peak.bytes > 0 ? [el('span', {}, key('alive'), alive)] : []),
    ...(answer.resident.most > 0 ? [el('span', {}, key('resident'), residentText(answer))] : []),
  )
}

export function curvePart(answer: HeapAnswer): HTMLElement | null {
  const {step, points} = answer.curve
  const most = points.reduce((max, [, top, , , resident]) => Math.max(max, top, resident), 0)
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
    ...residentPath(answer, most, width),
    pathOf(
      'most',
      points.map(([, top]) => top),
      most,
      width,
    ),
    pathOf(
      'alive',
      points.map(([alive]) => alive),
      most,
      width,
    ),
  )
  if (answer.start > 0) {
    const from = (WIDTH * Math.min(answer.start, whole)) / whole
    svg.append(
      shape('rect', 'outside', {x: '0', y: '0', width: from.toFixed(1), height: String(HEIGHT)}),
    )
  }
  return el(
    'figure',
    {
      class: 'heap-curve',
      title:
        'Bytes alive until the end; the paler part is the most within each stretch. The line is what is in RAM, by the same scale',
    },
    svg as unknown as HTMLElement,
    captionOf(answer),
  )
}
