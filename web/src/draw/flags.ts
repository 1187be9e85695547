// SPDX-License-Identifier: MIT
// Marks: a flag with its name in the ruler's upper half, and a line down through the tracks.

import {isSameMark, type Mark} from '../model/marks'
import {endOf, xAt} from '../model/viewport'
import {RULER_HEIGHT} from './axis'
import {LABEL_FONT, type Scene} from './scene'
import type {Labels} from './text'

const FLAG_WIDTH = 7
const LABEL_GAP = 10
/** CSS pixels from the flag's pole that still take a click. */
const REACH = 9

function inSight(scene: Scene, marks: readonly Mark[]): readonly Mark[] {
  return marks.filter(mark => mark.end >= scene.view.start && mark.start <= endOf(scene.view))
}

function drawFlag(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  mark: Mark,
  isCurrent: boolean,
): void {
  const left = Math.round(xAt(scene.view, mark.start))
  const right = Math.round(xAt(scene.view, mark.end))
  ctx.fillStyle = scene.theme.mark
  ctx.beginPath()
  ctx.rect(left, 2, 1.5, RULER_HEIGHT - 2)
  ctx.moveTo(left, 2)
  ctx.lineTo(left + FLAG_WIDTH, 6)
  ctx.lineTo(left, 10)
  ctx.fill()
  ctx.globalAlpha = isCurrent ? 0.9 : 0.45
  ctx.fillRect(left, RULER_HEIGHT, 1, scene.height)
  if (right > left) {
    ctx.fillRect(left, RULER_HEIGHT - 3, right - left, 3)
    ctx.fillRect(right, RULER_HEIGHT, 1, scene.height)
  }
  ctx.globalAlpha = 1
}

/** Under the pointer's time and the range's length, which are drawn later. */
export function drawMarks(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  labels: Labels,
  marks: readonly Mark[],
  current: Mark | null,
): void {
  const seen = inSight(scene, marks)
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  seen.forEach((mark, i) => {
    drawFlag(ctx, scene, mark, current !== null && isSameMark(mark, current))
    const x = xAt(scene.view, mark.start) + FLAG_WIDTH + 3
    const next = i + 1 < seen.length ? xAt(scene.view, seen[i + 1].start) : scene.width
    ctx.font = LABEL_FONT
    const label = labels.fit(ctx, mark.name, next - x - LABEL_GAP)
    ctx.fillStyle = scene.theme.mark
    ctx.fillText(label.text, x, 9)
  })
}

/** The mark whose flag is at x of the ruler. */
export function markAt(scene: Scene, marks: readonly Mark[], x: number): Mark | null {
  let best: Mark | null = null
  let distance = REACH
  for (const mark of inSight(scene, marks)) {
    const away = x - xAt(scene.view, mark.start)
    if (away >= -2 && away < distance) {
      best = mark
      distance = away
    }
  }
  return best
}
