// SPDX-License-Identifier: MIT
// What a thread can be doing, as the kernel sees it, and the words for it.

/** As the server names them, in the order of the help. */
export const STATES = [
  'running',
  'preempted',
  'yielded',
  'woken',
  'sleeping',
  'uninterruptible',
  'blocked',
  'stopped',
  'traced',
  'parked',
  'dead',
  'unknown',
] as const

export type ThreadState = (typeof STATES)[number]

/** States that look alike: the thread runs, could run, waits, or is out of play. */
export type StateLook =
  | 'running'
  | 'runnable'
  | 'sleeping'
  | 'blocked'
  | 'stopped'
  | 'ended'
  | 'unknown'

interface StateWords {
  readonly look: StateLook
  /** In a label of the strip. */
  readonly short: string
  /** In hover text, panel and help. */
  readonly long: string
}

const WORDS: Readonly<Record<ThreadState, StateWords>> = {
  running: {look: 'running', short: 'running', long: 'runs on a CPU'},
  preempted: {
    look: 'runnable',
    short: 'preempted',
    long: 'could run, but was taken off its CPU',
  },
  yielded: {look: 'runnable', short: 'yielded', long: 'could run, but gave way'},
  woken: {look: 'runnable', short: 'runnable', long: 'could run, waits for a CPU'},
  sleeping: {look: 'sleeping', short: 'sleeping', long: 'waits for something'},
  uninterruptible: {
    look: 'blocked',
    short: 'uninterruptible',
    long: 'waits, and no signal can end it: mostly a disk',
  },
  blocked: {
    look: 'sleeping',
    short: 'blocked',
    long: 'waits, or waits for a CPU: without root the two are one',
  },
  stopped: {look: 'stopped', short: 'stopped', long: 'stopped by a signal'},
  traced: {look: 'stopped', short: 'traced', long: 'stopped by a debugger'},
  parked: {look: 'stopped', short: 'parked', long: 'parked by the kernel'},
  dead: {look: 'ended', short: 'ended', long: 'has ended'},
  unknown: {look: 'unknown', short: 'unknown', long: 'not known: events were lost'},
}

export function isThreadState(text: string): text is ThreadState {
  return Object.hasOwn(WORDS, text)
}

/** A state that this page does not know is shown as what it is: unknown. */
export function wordsOf(state: string): StateWords {
  return WORDS[isThreadState(state) ? state : 'unknown']
}

/** A wait that somebody else's wake-up ends. */
export function isWait(state: string): boolean {
  const {look} = wordsOf(state)
  return look === 'sleeping' || look === 'blocked'
}
