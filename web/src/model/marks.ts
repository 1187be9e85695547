// SPDX-License-Identifier: MIT
// Marks that people set on the timeline: a moment or a stretch with a name. They live in the URL's
// fragment, so a link carries them.

import type {Nanos} from './nanos'

export interface Mark {
  readonly start: Nanos
  /** Equal to `start` for a moment. */
  readonly end: Nanos
  readonly name: string
}

/** A URL stays short enough to send, and the ruler readable. */
export const MARKS_MAX = 64
export const MARK_NAME_MAX = 80

export function isSameMark(a: Mark, b: Mark): boolean {
  return a.start === b.start && a.end === b.end && a.name === b.name
}

/** In the order of time; the newest of equal places wins, and the list stays bounded. */
export function withMark(marks: readonly Mark[], added: Mark): Mark[] {
  const name = added.name.slice(0, MARK_NAME_MAX)
  const others = marks.filter(mark => mark.start !== added.start || mark.end !== added.end)
  return [...others.slice(-(MARKS_MAX - 1)), {...added, name}].sort(
    (a, b) => a.start - b.start || a.end - b.end,
  )
}

/** The nearest mark that begins after (1) or before (-1) a moment; wraps around. */
export function nextMark(marks: readonly Mark[], from: Nanos, direction: 1 | -1): Mark | null {
  if (marks.length === 0) {
    return null
  }
  const ahead =
    direction > 0
      ? marks.find(mark => mark.start > from)
      : [...marks].reverse().find(mark => mark.start < from)
  return ahead ?? (direction > 0 ? marks[0] : marks[marks.length - 1])
}

/** `start~end~name`, the name escaped, separated by commas. */
export function formatMarks(marks: readonly Mark[]): string {
  return marks
    .map(mark => `${mark.start}~${mark.end}~${encodeURIComponent(mark.name).replace(/~/g, '%7E')}`)
    .join(',')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What of it makes sense. `text` has gone through one decoding of the fragment already. */
export function parseMarks(text: string): Mark[] {
  let marks: Mark[] = []
  for (const part of text.split(',').slice(0, MARKS_MAX)) {
    const [start, end, name] = part.split('~')
    const [from, to] = [Number(start), Number(end)]
    const isGood = start !== '' && Number.isFinite(from) && Number.isFinite(to)
    if (name !== undefined && isGood && from >= 0 && to >= from) {
      marks = withMark(marks, {start: from, end: to, name: decoded(name)})
    }
  }
  return marks
}
