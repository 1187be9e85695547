// SPDX-License-Identifier: MIT
// Counts, shares and sizes as people read them.

/** Every digit: `1,234,567`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Three digits at most: `1.2 M`. */
export function formatShort(value: number): string {
  const steps: readonly (readonly [number, string])[] = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ]
  for (const [size, letter] of steps) {
    if (value >= size) {
      const scaled = value / size
      return `${scaled < 10 ? scaled.toFixed(1).replace(/\.0$/, '') : Math.floor(scaled)}\u202f${letter}`
    }
  }
  return String(value)
}

/** `1 span`, `2 spans`. */
export function formatPlural(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)}\u00a0${value === 1 ? one : many}`
}

/** A share of one; never 0 % for something and never 100 % for less than all. */
export function formatShare(share: number): string {
  const percent = share * 100
  if (percent <= 0) {
    return '0\u202f%'
  }
  if (percent < 0.1) {
    return '<\u202f0.1\u202f%'
  }
  if (percent < 10) {
    return `${percent.toFixed(1)}\u202f%`
  }
  if (percent < 100) {
    return `${Math.min(99, Math.round(percent))}\u202f%`
  }
  return '100\u202f%'
}

export function formatBytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let scaled = value
  let unit = 0
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024
    unit++
  }
  const text = unit === 0 || scaled >= 100 ? Math.round(scaled).toString() : scaled.toFixed(1)
  return `${text}\u202f${units[unit]}`
}

/** With its sign: of what grew or shrank. */
export function formatGrowth(value: number): string {
  const sign = value > 0 ? '+' : value < 0 ? '\u2212' : ''
  return `${sign}${formatBytes(Math.abs(value))}`
}

/** `2.1\u202fMiB`, `2.1\u202fMiB/s`; without a unit, as a counter's value. */
export function formatAmount(value: number, unit: 'bytes' | 'bytes/s' | undefined): string {
  switch (unit) {
    case 'bytes':
      return formatBytes(value)
    case 'bytes/s':
      return `${formatBytes(value)}/s`
    default:
      return formatValue(value)
  }
}

/** A counter's value: exact when short, else three significant digits. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) {
    return String(value)
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e7) {
    return value.toLocaleString('en-US')
  }
  const size = Math.abs(value)
  if (size >= 1e15 || (size > 0 && size < 1e-3)) {
    return value.toExponential(2)
  }
  if (size >= 1e6) {
    return (value < 0 ? '-' : '') + formatShort(size)
  }
  return Number(value.toPrecision(4)).toLocaleString('en-US', {maximumFractionDigits: 6})
}
