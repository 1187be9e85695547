// SPDX-License-Identifier: MIT
// The curve of the tab Pauses as one can touch it: pointer and keys mark a length, a click or Enter
// chooses it.

import {formatDuration, type Nanos} from '../model/nanos'
import {formatLeft, placeOf, pointAt} from '../model/utilisation'
import {CURVE_HEIGHT, drawCurve, placeAt} from '../draw/utilisation_curve'
import type {PausesAnswer} from '../wire/api'
import type {App} from './app'
import {el} from './dom'

export interface CurveChoice {
  /** Index of a point. */
  readonly onMark: (marked: number) => void
  readonly onChoose: (window: Nanos) => void
}

/** The canvas, its pointer and its keys. */
export function curveCanvas(
  app: App,
  answer: PausesAnswer,
  choice: CurveChoice,
): {readonly root: HTMLElement; readonly draw: () => void} {
  const {points} = answer
  const canvas = el('canvas', {class: 'curve', label: 'Utilisation by length of window'})
  canvas.setAttribute('role', 'slider')
  canvas.setAttribute('aria-valuemin', '0')
  canvas.setAttribute('aria-valuemax', String(points.length - 1))
  canvas.tabIndex = 0
  const ctx = canvas.getContext('2d')
  let marked = -1

  const draw = (): void => {
    const width = canvas.parentElement?.clientWidth ?? 0
    if (ctx === null || width === 0) {
      return
    }
    const pixelRatio = window.devicePixelRatio || 1
    canvas.width = Math.round(width * pixelRatio)
    canvas.height = Math.round(CURVE_HEIGHT * pixelRatio)
    canvas.style.width = `${width}px`
    canvas.style.height = `${CURVE_HEIGHT}px`
    drawCurve(ctx, {
      points,
      width,
      pixelRatio,
      theme: app.theme(),
      marked,
      window: answer.window ?? 0,
    })
  }
  const mark = (next: number): void => {
    if (next !== marked) {
      marked = next
      const spoken = marked < 0 ? pointAt(placeOf(answer.window ?? 1, points), points) : marked
      canvas.setAttribute('aria-valuenow', String(spoken))
      canvas.setAttribute(
        'aria-valuetext',
        `${formatDuration(points[spoken][0])}: ${formatLeft(points[spoken])}`,
      )
      choice.onMark(marked)
      draw()
    }
  }
  const under = (event: MouseEvent): number => {
    const rect = canvas.getBoundingClientRect()
    return pointAt(placeAt(rect.width, event.clientX - rect.left), points)
  }
  const chosen = (): number => pointAt(placeOf(answer.window ?? points[0][0], points), points)
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => mark(Math.max(0, (marked < 0 ? chosen() : marked) - 1)),
    ArrowRight: () => mark(Math.min(points.length - 1, (marked < 0 ? chosen() : marked) + 1)),
    Home: () => mark(0),
    End: () => mark(points.length - 1),
    Enter: () => choice.onChoose(points[marked < 0 ? chosen() : marked][0]),
  }
  canvas.addEventListener('pointermove', event => mark(under(event)))
  canvas.addEventListener('pointerleave', () => mark(-1))
  canvas.addEventListener('click', event => choice.onChoose(points[under(event)][0]))
  canvas.addEventListener('keydown', event => {
    const run = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined
    if (run !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault()
      event.stopPropagation()
      run()
    }
  })
  const root = el('div', {class: 'curve-place'}, canvas)
  new ResizeObserver(draw).observe(root)
  return {root, draw}
}
