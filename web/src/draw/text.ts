// SPDX-License-Identifier: MIT
// Labels that fit: widths are measured once per text, and a text too long is cut with an ellipsis.

import {shown, shortened} from '../model/shown'

/** No label is longer on any screen. */
const LABEL_MAX = 400
const CACHE_MAX = 20000

interface Measured {
  readonly text: string
  readonly width: number
}

export interface Labels {
  /** The text made visible, with its width in the labels' font. */
  readonly measure: (ctx: CanvasRenderingContext2D, text: string) => Measured
  /** What of it fits in `room` pixels; '' if nothing worth reading does. */
  readonly fit: (ctx: CanvasRenderingContext2D, text: string, room: number) => Measured
}

/** `parse` of `json::detail::parse(char const*)`: what tells functions apart; null if it is short already. */
export function unqualified(text: string): string | null {
  const bare = text.replace(/\(.*$/, '')
  const name = /(?:^|::)([A-Za-z_~][\w~]*)$/.exec(bare)?.[1]
  return name === undefined || name === text ? null : name
}

const NOTHING: Measured = {text: '', width: 0}

export function makeLabels(): Labels {
  const cache = new Map<string, Measured>()
  const measure = (ctx: CanvasRenderingContext2D, text: string): Measured => {
    const known = cache.get(text)
    if (known !== undefined) {
      return known
    }
    if (cache.size >= CACHE_MAX) {
      cache.clear()
    }
    const visible = shown(shortened(text, LABEL_MAX))
    const entry = {text: visible, width: ctx.measureText(visible).width}
    cache.set(text, entry)
    return entry
  }
  const fit = (ctx: CanvasRenderingContext2D, text: string, room: number): Measured => {
    const whole = measure(ctx, text)
    if (whole.width <= room) {
      return whole
    }
    const brief = unqualified(whole.text)
    if (brief !== null) {
      return fit(ctx, brief, room)
    }
    const perLetter = whole.width / Math.max(whole.text.length, 1)
    let letters = Math.floor(room / perLetter) - 1
    while (letters >= 2) {
      const cut = measure(ctx, `${whole.text.slice(0, letters).trimEnd()}…`)
      if (cut.width <= room) {
        return cut
      }
      letters--
    }
    return NOTHING
  }
  return {measure, fit}
}
