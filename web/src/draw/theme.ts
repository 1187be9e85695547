// SPDX-License-Identifier: MIT
// The canvas side of the two themes; app.css has the same colours for the rest of the page.

import {oklch, packed, type Packed} from './colour'

export interface Theme {
  readonly isDark: boolean
  readonly background: string
  readonly backgroundPacked: Packed
  readonly outside: string
  readonly line: string
  readonly grid: string
  readonly ink: string
  readonly softInk: string
  readonly faintInk: string
  readonly accent: string
  readonly accentSoft: string
  readonly band: string
  readonly counter: string
  readonly counterBand: string
  readonly counterFill: string
  readonly instant: string
  readonly log: string
  readonly hatch: string
  readonly hatchBack: string
  readonly flow: string
  readonly wake: string
  readonly mark: string
  readonly shade: string
  /** A pause over all tracks, and its edges. */
  readonly pause: string
  readonly pauseEdge: string
  readonly activity: string
}

const LIGHT: Theme = {
  isDark: false,
  background: '#ffffff',
  backgroundPacked: packed([255, 255, 255]),
  outside: '#f1f2f5',
  line: '#e6e8ec',
  grid: 'rgba(40, 50, 70, 0.075)',
  ink: '#1d2330',
  softInk: '#5a6375',
  faintInk: '#8a92a2',
  accent: '#1f6feb',
  accentSoft: 'rgba(31, 111, 235, 0.14)',
  band: 'rgba(31, 111, 235, 0.10)',
  counter: '#0f7f78',
  counterBand: 'rgba(15, 127, 120, 0.42)',
  counterFill: 'rgba(15, 127, 120, 0.15)',
  instant: '#7a4fb5',
  log: '#b0651d',
  hatch: 'rgba(190, 40, 60, 0.55)',
  hatchBack: 'rgba(220, 60, 80, 0.10)',
  flow: '#c2410c',
  wake: '#6d28d9',
  mark: '#a3195b',
  shade: 'rgba(228, 231, 237, 0.72)',
  pause: 'rgba(180, 35, 120, 0.17)',
  pauseEdge: 'rgba(180, 35, 120, 0.5)',
  activity: '#7f9cc7',
}

const DARK: Theme = {
  isDark: true,
  background: '#15181e',
  backgroundPacked: packed([0x15, 0x18, 0x1e]),
  outside: '#101217',
  line: '#262b34',
  grid: 'rgba(200, 215, 240, 0.07)',
  ink: '#e6e9ef',
  softInk: '#a3abba',
  faintInk: '#757e8e',
  accent: '#6cb0ff',
  accentSoft: 'rgba(108, 176, 255, 0.2)',
  band: 'rgba(108, 176, 255, 0.12)',
  counter: '#4fc4b9',
  counterBand: 'rgba(79, 196, 185, 0.42)',
  counterFill: 'rgba(79, 196, 185, 0.15)',
  instant: '#c4a2f5',
  log: '#f0b070',
  hatch: 'rgba(255, 120, 130, 0.55)',
  hatchBack: 'rgba(255, 100, 110, 0.12)',
  flow: '#ff9d5c',
  wake: '#c9a5ff',
  mark: '#ff8fb8',
  shade: 'rgba(10, 12, 16, 0.6)',
  pause: 'rgba(244, 114, 190, 0.2)',
  pauseEdge: 'rgba(244, 114, 190, 0.55)',
  activity: '#4d6c9a',
}

export function themeOf(isDark: boolean): Theme {
  return isDark ? DARK : LIGHT
}

/** A counter's own hue, so that neighbours are told apart. */
export function counterColours(
  theme: Theme,
  which: number,
): {readonly line: string; readonly band: string; readonly fill: string} {
  const hues = [190, 250, 30, 310, 145, 80]
  const [r, g, b] = oklch(theme.isDark ? 0.75 : 0.53, 0.1, hues[which % hues.length])
  return {
    line: `rgb(${r}, ${g}, ${b})`,
    band: `rgba(${r}, ${g}, ${b}, 0.4)`,
    fill: `rgba(${r}, ${g}, ${b}, 0.14)`,
  }
}
