// SPDX-License-Identifier: MIT
// Minimum mutator utilisation: the curve's scale, its figures, and the lengths one may choose.

import type {Nanos} from './nanos'

/** window, taken at most in one of that length, start of one that is hit so, track. */
export type CurvePoint = readonly [window: Nanos, taken: Nanos, start: Nanos, track: number]

export type Taken = 'collector' | 'runnable' | 'blocked' | 'lock' | 'allocator'

export const TAKEN: readonly Taken[] = ['collector', 'runnable', 'blocked', 'lock', 'allocator']

export const TAKEN_TITLES: Readonly<Record<Taken, string>> = {
  collector: 'Collector',
  runnable: 'Waiting for a CPU',
  blocked: 'Blocked',
  lock: 'Waiting for locks',
  allocator: 'In the allocator (estimate)',
}

/** What counts as taken; of a thread more than of its process. */
export function takenWords(taken: Taken, isThread: boolean): string {
  switch (taken) {
    case 'collector':
      return isThread
        ? 'The world stood still, the thread worked for the collector, or the collector had stopped it.'
        : 'The world stood still for a collector.'
    case 'runnable':
      return 'It could run and waited for a CPU: preempted, gave way, or woken and not yet on.'
    case 'blocked':
      return 'It could not run: asleep, waiting for a disk, stopped.'
    case 'lock':
      return 'It waited for a mutex or a lock for readers and writers.'
    case 'allocator':
      return 'Samples found it in malloc, free or their relatives: an estimate, of time on a CPU only.'
  }
}

/** The share that is left at worst, 0 to 1. */
export function shareLeft(point: CurvePoint): number {
  return point[0] > 0 ? 1 - point[1] / point[0] : 1
}

/** Two decimals; never 100 % where something is taken, never 0 % where something is left. */
export function formatLeft(point: CurvePoint): string {
  const percent = shareLeft(point) * 100
  const [window, taken] = point
  if (taken > 0 && percent > 99.99) {
    return '>\u202f99.99\u202f%'
  }
  if (taken < window && percent < 0.01) {
    return '<\u202f0.01\u202f%'
  }
  return `${percent.toFixed(2)}\u202f%`
}

/** Where a length stands between the shortest and the longest, 0 to 1, by its logarithm. */
export function placeOf(window: Nanos, points: readonly CurvePoint[]): number {
  const [first, last] = [points[0][0], points[points.length - 1][0]]
  return last > first ? Math.log(window / first) / Math.log(last / first) : 0.5
}

/** The point nearest to a place. */
export function pointAt(place: number, points: readonly CurvePoint[]): number {
  let best = 0
  points.forEach((point, i) => {
    const distance = Math.abs(placeOf(point[0], points) - place)
    if (distance < Math.abs(placeOf(points[best][0], points) - place)) {
      best = i
    }
  })
  return best
}

/** 1, 10, 100 … between two lengths. */
export function decadesIn(first: Nanos, last: Nanos): Nanos[] {
  const found: Nanos[] = []
  for (let size = 1; size <= last; size *= 10) {
    if (size >= first) {
      found.push(size)
    }
  }
  return found
}

/** Lengths to choose from: 1, 2, 5, 10 … within the curve, and the one that is chosen. */
export function windowsToChoose(points: readonly CurvePoint[], chosen: Nanos): Nanos[] {
  const found = new Set([chosen])
  if (points.length > 0) {
    const [first, last] = [points[0][0], points[points.length - 1][0]]
    for (const decade of decadesIn(1, last)) {
      for (const size of [decade, 2 * decade, 5 * decade]) {
        if (size >= first && size <= last) {
          found.add(size)
        }
      }
    }
  }
  return [...found].sort((a, b) => a - b)
}
