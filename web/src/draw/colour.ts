// SPDX-License-Identifier: MIT
// Colours of names: a palette of even steps in OKLCH, so that no name shouts and neighbours differ
// in lightness as well as in hue (colour alone carries nothing). A name has the same colour in
// every trace.

/** Packed as ImageData stores it on a little-endian machine: ABGR. */
export type Packed = number

export interface Swatch {
  readonly fill: string
  readonly edge: string
  /** The ground of a call: hollow beside the filled spans. */
  readonly pale: string
  readonly ink: string
  readonly softInk: string
  /** Merged events: a stronger tone than a box, for a bar may be one pixel high. */
  readonly bar: Packed
  /** The ground above such a bar: something ran here. */
  readonly tint: Packed
}

function gamma(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055
  return Math.max(0, Math.min(255, Math.round(value * 255)))
}

/** OKLCH to sRGB bytes; lightness and chroma of 0 to 1 and about 0.3, hue in degrees. */
export function oklch(lightness: number, chroma: number, hue: number): [number, number, number] {
  const a = chroma * Math.cos((hue * Math.PI) / 180)
  const b = chroma * Math.sin((hue * Math.PI) / 180)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

export function css(rgb: readonly number[]): string {
  return `#${rgb.map(part => part.toString(16).padStart(2, '0')).join('')}`
}

export function packed(rgb: readonly number[]): Packed {
  return ((255 << 24) | (rgb[2] << 16) | (rgb[1] << 8) | rgb[0]) >>> 0
}

/** Hues that stay apart under the common forms of colour blindness when lightness varies too. */
const HUES = [255, 75, 165, 20, 300, 110, 215, 345, 50, 190, 275, 135]

/** Lightness steps around the middle, so that equal hues still differ. */
const STEPS = [0, -0.055, 0.04]

export const SWATCHES = HUES.length * STEPS.length

export function makePalette(isDark: boolean): readonly Swatch[] {
  const swatches: Swatch[] = []
  for (let i = 0; i < SWATCHES; i++) {
    const hue = HUES[i % HUES.length]
    const step = STEPS[Math.floor(i / HUES.length)]
    swatches.push(isDark ? darkSwatch(hue, step) : lightSwatch(hue, step))
  }
  return swatches
}

function lightSwatch(hue: number, step: number): Swatch {
  const fill = oklch(0.835 + step, 0.078, hue)
  return {
    fill: css(fill),
    edge: css(oklch(0.68 + step, 0.095, hue)),
    pale: css(oklch(0.965, 0.02, hue)),
    ink: css(oklch(0.27, 0.045, hue)),
    softInk: css(oklch(0.43, 0.05, hue)),
    bar: packed(oklch(0.72 + step, 0.105, hue)),
    tint: packed(oklch(0.957, 0.018, hue)),
  }
}

function darkSwatch(hue: number, step: number): Swatch {
  const fill = oklch(0.47 + step * 0.9, 0.075, hue)
  return {
    fill: css(fill),
    edge: css(oklch(0.6 + step, 0.085, hue)),
    pale: css(oklch(0.27, 0.026, hue)),
    ink: css(oklch(0.965, 0.015, hue)),
    softInk: css(oklch(0.84, 0.03, hue)),
    bar: packed(oklch(0.62 + step, 0.095, hue)),
    tint: packed(oklch(0.265, 0.022, hue)),
  }
}

/** What does not match the search. */
export function faded(isDark: boolean): Swatch {
  const fill = isDark ? oklch(0.285, 0.008, 260) : oklch(0.935, 0.005, 260)
  return {
    fill: css(fill),
    edge: css(isDark ? oklch(0.34, 0.008, 260) : oklch(0.88, 0.006, 260)),
    pale: css(isDark ? oklch(0.22, 0.006, 260) : oklch(0.98, 0.002, 260)),
    ink: css(isDark ? oklch(0.58, 0.01, 260) : oklch(0.6, 0.01, 260)),
    softInk: css(isDark ? oklch(0.52, 0.01, 260) : oklch(0.68, 0.01, 260)),
    bar: packed(isDark ? oklch(0.36, 0.008, 260) : oklch(0.87, 0.006, 260)),
    tint: packed(isDark ? oklch(0.235, 0.006, 260) : oklch(0.98, 0.002, 260)),
  }
}

/** FNV-1a with a final mix: cheap, and the same in every session. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

export function swatchOf(text: string): number {
  return hashOf(text) % SWATCHES
}

/** Swatches by name number, with what the search leaves out faded. */
export interface NameColours {
  readonly of: (name: number) => Swatch
  readonly isFaded: (name: number) => boolean
}

export function colourNames(
  names: readonly string[],
  isDark: boolean,
  matches: ReadonlySet<number> | null,
): NameColours {
  const palette = makePalette(isDark)
  const grey = faded(isDark)
  const chosen: number[] = []
  const isFaded = (name: number): boolean => matches !== null && !matches.has(name)
  const indexOf = (name: number): number => {
    const known = chosen[name]
    if (known !== undefined) {
      return known
    }
    const text = names[name]
    return text === undefined ? 0 : (chosen[name] = swatchOf(text))
  }
  return {isFaded, of: name => (isFaded(name) ? grey : palette[indexOf(name)])}
}
