// SPDX-License-Identifier: MIT
// Slanted lines for what is missing: losses, and states that are not known.

import type {Theme} from './theme'

const STEP = 7

export interface Hatch {
  readonly line: string
  readonly ground: string
}

const patterns = new Map<string, CanvasPattern>()

export function lossHatch(theme: Theme): Hatch {
  return {line: theme.hatch, ground: theme.hatchBack}
}

function tileOf({line, ground}: Hatch): HTMLCanvasElement {
  const tile = document.createElement('canvas')
  tile.width = STEP
  tile.height = STEP
  const pen = tile.getContext('2d')
  if (pen !== null) {
    pen.fillStyle = ground
    pen.fillRect(0, 0, STEP, STEP)
    pen.strokeStyle = line
    pen.lineWidth = 1.2
    pen.beginPath()
    for (const shift of [-STEP, 0, STEP]) {
      pen.moveTo(shift - 1, STEP + 1)
      pen.lineTo(shift + STEP + 1, -1)
    }
    pen.stroke()
  }
  return tile
}

/** A fill of such lines; made once for each pair of colours. */
export function hatching(ctx: CanvasRenderingContext2D, hatch: Hatch): CanvasPattern | string {
  const key = `${hatch.line} ${hatch.ground}`
  const known = patterns.get(key)
  if (known !== undefined) {
    return known
  }
  const pattern = ctx.createPattern(tileOf(hatch), 'repeat')
  if (pattern === null) {
    return hatch.ground
  }
  patterns.set(key, pattern)
  return pattern
}
