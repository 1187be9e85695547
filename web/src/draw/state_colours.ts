// SPDX-License-Identifier: MIT
// Colours of what a thread does. Apart in lightness as well as in hue, for eyes that do not tell
// green from red: pale waits, mid-tone runs, light but strong could-run, dark uninterruptible.

import {wordsOf, type StateLook} from '../model/states'
import {css, faded, oklch, packed, type NameColours, type Swatch} from './colour'

/** Lightness, chroma, hue. */
type Tone = readonly [number, number, number]

const LIGHT: Readonly<Record<StateLook, Tone>> = {
  running: [0.7, 0.14, 152],
  runnable: [0.83, 0.145, 72],
  sleeping: [0.935, 0.017, 250],
  blocked: [0.58, 0.145, 25],
  stopped: [0.76, 0.008, 260],
  ended: [0.955, 0.002, 260],
  unknown: [0.9, 0.006, 260],
}

const DARK: Readonly<Record<StateLook, Tone>> = {
  running: [0.6, 0.13, 152],
  runnable: [0.77, 0.135, 72],
  sleeping: [0.305, 0.022, 255],
  blocked: [0.5, 0.135, 25],
  stopped: [0.47, 0.008, 260],
  ended: [0.25, 0.004, 260],
  unknown: [0.36, 0.006, 260],
}

/** Ink that reads on a ground of this lightness. */
function inkOn(lightness: number, share: number): string {
  return css(lightness > 0.59 ? oklch(0.22 + share, 0.02, 260) : oklch(0.97 - share, 0.01, 260))
}

function swatchOf(isDark: boolean, look: StateLook): Swatch {
  const [lightness, chroma, hue] = (isDark ? DARK : LIGHT)[look]
  const edge = isDark ? lightness + 0.09 : lightness - 0.11
  return {
    fill: css(oklch(lightness, chroma, hue)),
    edge: css(oklch(edge, chroma, hue)),
    pale: css(oklch(lightness, chroma, hue)),
    ink: inkOn(lightness, 0),
    softInk: inkOn(lightness, 0.16),
    bar: packed(oklch(lightness, chroma, hue)),
    tint: packed(isDark ? oklch(0.215, 0.012, 260) : oklch(0.975, 0.004, 260)),
  }
}

export type StateSwatches = Readonly<Record<StateLook, Swatch>>

export function stateSwatches(isDark: boolean): StateSwatches {
  const of = (look: StateLook): Swatch => swatchOf(isDark, look)
  return {
    running: of('running'),
    runnable: of('runnable'),
    sleeping: of('sleeping'),
    blocked: of('blocked'),
    stopped: of('stopped'),
    ended: of('ended'),
    unknown: of('unknown'),
  }
}

/** By the names that stand for states; a search does not fade what a thread did. */
export function colourStates(
  stateOfName: ReadonlyMap<number, string>,
  isDark: boolean,
): NameColours {
  const swatches = stateSwatches(isDark)
  const of = (name: number): Swatch => swatches[wordsOf(stateOfName.get(name) ?? '').look]
  return {of, isFaded: () => false}
}

/** What the server calls turns of programs that are not recorded. */
export const OTHERS = 'other programs'

/** As names are, but for the turns that are nobody's. */
export function colourTurns(
  names: readonly string[],
  colours: NameColours,
  isDark: boolean,
): NameColours {
  const grey = faded(isDark)
  return {...colours, of: name => (names[name] === OTHERS ? grey : colours.of(name))}
}
