// SPDX-License-Identifier: MIT
// The curve of minimum mutator utilisation: lengths of windows to the right by their logarithm, the
// share that is left upward.

import {formatDuration} from '../model/nanos'
import {decadesIn, placeOf, shareLeft, type CurvePoint} from '../model/utilisation'
import {SMALL_FONT} from './scene'
import type {Theme} from './theme'

export const CURVE_HEIGHT = 168
const LEFT = 42
const RIGHT = 10
const TOP = 8
const BOTTOM = 20
/** Between labels of lengths. */
const LABEL_GAP = 14

export interface CurvePicture {
  readonly points: readonly CurvePoint[]
  readonly width: number
  readonly pixelRatio: number
  readonly theme: Theme
  /** The point under the pointer or the keys; -1: none. */
  readonly marked: number
  /** The length whose worst windows are listed. */
  readonly window: number
}

function xOf(picture: CurvePicture, window: number): number {
  return LEFT + placeOf(window, picture.points) * (picture.width - LEFT - RIGHT)
}

function yOf(share: number): number {
  return TOP + (1 - share) * (CURVE_HEIGHT - TOP - BOTTOM)
}

/** Where x stands on the curve's scale, 0 to 1. */
export function placeAt(width: number, x: number): number {
  return (x - LEFT) / Math.max(1, width - LEFT - RIGHT)
}

function drawShares(ctx: CanvasRenderingContext2D, picture: CurvePicture): void {
  const {theme, width} = picture
  ctx.textAlign = 'right'
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const y = Math.round(yOf(share)) + 0.5
    ctx.strokeStyle = share === 0 ? theme.faintInk : theme.line
    ctx.beginPath()
    ctx.moveTo(LEFT, y)
    ctx.lineTo(width - RIGHT, y)
    ctx.stroke()
    ctx.fillStyle = theme.softInk
    ctx.fillText(`${share * 100}\u202f%`, LEFT - 6, y)
  }
}

function drawLengths(ctx: CanvasRenderingContext2D, picture: CurvePicture): void {
  const {points, theme, width} = picture
  let free = 0
  ctx.textAlign = 'center'
  for (const size of decadesIn(points[0][0], points[points.length - 1][0])) {
    const x = Math.round(xOf(picture, size)) + 0.5
    const text = formatDuration(size)
    const half = ctx.measureText(text).width / 2
    ctx.strokeStyle = theme.line
    ctx.beginPath()
    ctx.moveTo(x, TOP)
    ctx.lineTo(x, CURVE_HEIGHT - BOTTOM + 3)
    ctx.stroke()
    const middle = Math.max(half + 1, Math.min(width - half - 1, x))
    if (middle - half >= free) {
      ctx.fillStyle = theme.softInk
      ctx.fillText(text, middle, CURVE_HEIGHT - BOTTOM / 2 + 2)
      free = middle + half + LABEL_GAP
    }
  }
}

function drawLine(ctx: CanvasRenderingContext2D, picture: CurvePicture): void {
  const {points, theme} = picture
  const path = (): void => {
    ctx.beginPath()
    points.forEach((point, i) => {
      const [x, y] = [xOf(picture, point[0]), yOf(shareLeft(point))]
      if (i === 0) {
        ctx.moveTo(x, y)
      } else {
        ctx.lineTo(x, y)
      }
    })
  }
  path()
  ctx.lineTo(xOf(picture, points[points.length - 1][0]), yOf(0))
  ctx.lineTo(xOf(picture, points[0][0]), yOf(0))
  ctx.fillStyle = theme.accentSoft
  ctx.fill()
  path()
  ctx.strokeStyle = theme.accent
  ctx.lineWidth = 1.75
  ctx.lineJoin = 'round'
  ctx.stroke()
  ctx.lineWidth = 1
}

function drawUpright(ctx: CanvasRenderingContext2D, x: number): void {
  ctx.beginPath()
  ctx.moveTo(Math.round(x) + 0.5, TOP)
  ctx.lineTo(Math.round(x) + 0.5, yOf(0))
  ctx.stroke()
}

function drawMarked(ctx: CanvasRenderingContext2D, picture: CurvePicture): void {
  const {points, theme, marked, window} = picture
  const [first, last] = [points[0][0], points[points.length - 1][0]]
  if (window >= first && window <= last) {
    ctx.strokeStyle = theme.mark
    ctx.setLineDash([3, 3])
    drawUpright(ctx, xOf(picture, window))
    ctx.setLineDash([])
  }
  if (marked < 0) {
    return
  }
  const x = xOf(picture, points[marked][0])
  ctx.strokeStyle = theme.softInk
  drawUpright(ctx, x)
  ctx.beginPath()
  ctx.arc(x, yOf(shareLeft(points[marked])), 3.5, 0, 2 * Math.PI)
  ctx.fillStyle = theme.accent
  ctx.fill()
  ctx.strokeStyle = theme.background
  ctx.stroke()
}

/** There is at least one point. */
export function drawCurve(ctx: CanvasRenderingContext2D, picture: CurvePicture): void {
  const {pixelRatio, width} = picture
  ctx.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0)
  ctx.clearRect(0, 0, width, CURVE_HEIGHT)
  ctx.font = SMALL_FONT
  ctx.textBaseline = 'middle'
  ctx.lineWidth = 1
  drawShares(ctx, picture)
  drawLengths(ctx, picture)
  drawLine(ctx, picture)
  drawMarked(ctx, picture)
}
