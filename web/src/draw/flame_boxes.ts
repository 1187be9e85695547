// SPDX-License-Identifier: MIT
// A flame graph, roots at the top, to pixels: only what is half a pixel wide, so its cost is that of
// its picture.

import type {FlameBox} from '../model/flame'
import type {Swatch} from './colour'
import {LABEL_FONT} from './scene'
import type {Labels} from './text'
import type {Theme} from './theme'

export const FLAME_ROW = 18
const LABEL_MIN = 24
const PAD = 4

export interface FlamePicture {
  readonly boxes: readonly FlameBox[]
  readonly width: number
  readonly pixelRatio: number
  readonly theme: Theme
  readonly labels: Labels
  readonly hovered: number
  readonly nameOf: (node: number) => string
  readonly swatchOf: (node: number) => Swatch
}

function drawBox(ctx: CanvasRenderingContext2D, picture: FlamePicture, box: FlameBox): void {
  const {width, pixelRatio, theme} = picture
  const swatch = picture.swatchOf(box.node)
  const line = 1 / pixelRatio
  const x = Math.round(box.left * width * pixelRatio) / pixelRatio
  const right = Math.round((box.left + box.width) * width * pixelRatio) / pixelRatio
  const w = Math.max(right - x - line, line)
  const y = box.row * FLAME_ROW
  ctx.fillStyle = w < 3 ? swatch.edge : swatch.fill
  ctx.fillRect(x, y, w, FLAME_ROW - 1)
  if (box.node === picture.hovered) {
    ctx.strokeStyle = theme.ink
    ctx.lineWidth = 1
    ctx.strokeRect(x + 0.5, y + 0.5, Math.max(w - 1, 1), FLAME_ROW - 2)
  }
  if (w >= LABEL_MIN) {
    const label = picture.labels.fit(ctx, picture.nameOf(box.node), w - 2 * PAD)
    ctx.fillStyle = swatch.ink
    ctx.fillText(label.text, x + PAD, y + (FLAME_ROW - 1) / 2 + 0.5)
  }
}

export function drawFlame(ctx: CanvasRenderingContext2D, picture: FlamePicture): void {
  const {pixelRatio, width, theme} = picture
  const rows = picture.boxes.reduce((most, box) => Math.max(most, box.row + 1), 0)
  ctx.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0)
  ctx.fillStyle = theme.background
  ctx.fillRect(0, 0, width, rows * FLAME_ROW)
  ctx.font = LABEL_FONT
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  picture.boxes.forEach(box => drawBox(ctx, picture, box))
}

/** The box under a point; null if there is none. */
export function flameAt(picture: FlamePicture, x: number, y: number): FlameBox | null {
  const row = Math.floor(y / FLAME_ROW)
  const share = x / Math.max(picture.width, 1)
  const isHit = (box: FlameBox): boolean =>
    box.row === row && share >= box.left && share < box.left + box.width
  return picture.boxes.find(isHit) ?? null
}
