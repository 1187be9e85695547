// SPDX-License-Identifier: MIT
// Times and durations: the type, how people read them, and how people write them.

/** Nanoseconds since the trace began, or a length of them. A double is exact for 104 days. */
export type Nanos = number & {readonly unit?: 'ns'}

interface Unit {
  readonly name: string
  readonly size: Nanos
}

const UNITS: readonly Unit[] = [
  {name: 's', size: 1e9},
  {name: 'ms', size: 1e6},
  {name: 'µs', size: 1e3},
  {name: 'ns', size: 1},
]

/** The largest unit in which the value is at least 1; nanoseconds for less. */
export function unitFor(value: Nanos): {readonly name: string; readonly size: Nanos} {
  const size = Math.abs(value)
  return UNITS.find(unit => size >= unit.size) ?? UNITS[UNITS.length - 1]
}

/** A number without trailing zeros after the point. */
function trimmed(value: number, digits: number): string {
  const text = value.toFixed(digits)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** Three significant digits, as people say it: `1.8 µs`, `31.2 ms`, `2 min 5 s`. */
export function formatDuration(value: Nanos): string {
  if (Math.abs(value) >= 120e9) {
    return formatMinutes(value)
  }
  const unit = unitFor(value)
  const scaled = value / unit.size
  const size = Math.abs(scaled)
  const digits = unit.size === 1 ? (size < 10 ? 1 : 0) : size < 10 ? 2 : size < 100 ? 1 : 0
  const rounded = Math.abs(Number(scaled.toFixed(digits)))
  if (rounded >= 1000 && unit.size < 1e9) {
    return formatDuration(Math.sign(value) * unit.size * 1000)
  }
  return `${trimmed(scaled, digits)}\u202f${unit.name}`
}

/** For columns: always three significant digits (`1.00 s`), so that figures line up; whole nanoseconds stay whole. */
export function formatFigure(value: Nanos): string {
  const size = Math.abs(value)
  if (size >= 120e9 || size < 1000) {
    return formatDuration(value)
  }
  const unit = unitFor(value)
  const scaled = value / unit.size
  const places = size / unit.size < 10 ? 2 : size / unit.size < 100 ? 1 : 0
  const isRoundedUp = Math.abs(Number(scaled.toFixed(places))) >= 1000 && unit.size < 1e9
  return isRoundedUp
    ? formatFigure(Math.sign(value) * unit.size * 1000)
    : `${scaled.toFixed(places)}\u202f${unit.name}`
}

function formatMinutes(value: Nanos): string {
  const sign = value < 0 ? '-' : ''
  const seconds = Math.round(Math.abs(value) / 1e9)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (hours >= 72) {
    return `${sign}${Math.floor(hours / 24)}\u202fd ${hours % 24}\u202fh`
  }
  if (hours > 0) {
    return `${sign}${hours}\u202fh ${minutes % 60}\u202fmin`
  }
  return `${sign}${minutes}\u202fmin ${seconds % 60}\u202fs`
}

/** Every nanosecond: `1,234,567 ns`. */
export function formatExact(value: Nanos): string {
  return `${Math.round(value).toLocaleString('en-US')}\u202fns`
}

/** A moment with as many digits as a step of `resolution` needs: `1.234567 s`. */
export function formatMoment(value: Nanos, resolution: Nanos): string {
  const unit = Math.abs(value) >= 1e9 || resolution >= 1e8 ? UNITS[0] : unitFor(value)
  const digits = Math.max(0, Math.ceil(Math.log10(unit.size / Math.max(resolution, 1)) - 1e-9))
  return `${(value / unit.size).toFixed(Math.min(digits, 9))}\u202f${unit.name}`
}

const FACTORS: Readonly<Record<string, Nanos>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  min: 60e9,
  h: 3600e9,
}

/** What people type for a time: `1.234s`, `20 us`, `+5ms` (from `base`), a bare number in seconds. */
export function parseTime(text: string, base: Nanos): Nanos | null {
  const match = /^([+-]?)\s*(\d[\d_,]*(?:\.\d+)?|\.\d+)\s*([a-zµμ]*)$/i.exec(text.trim())
  if (match === null) {
    return null
  }
  const factor = match[3] === '' ? 1e9 : FACTORS[match[3].toLowerCase()]
  if (factor === undefined) {
    return null
  }
  const value = Number(match[2].replace(/[_,]/g, '')) * factor
  if (match[1] === '') {
    return Math.round(value)
  }
  return Math.round(base + (match[1] === '-' ? -value : value))
}

/** The wall clock time of a moment, to the microsecond, in the reader's time zone. */
export function formatWall(wallStart: string, moment: Nanos): string {
  if (!/^\d{1,20}$/.test(wallStart) || wallStart === '0') {
    return ''
  }
  const total = BigInt(wallStart) + BigInt(Math.round(moment))
  const date = new Date(Number(total / 1000000n))
  const micros = (total / 1000n) % 1000000n
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${time}.${String(micros).padStart(6, '0')}`
}
