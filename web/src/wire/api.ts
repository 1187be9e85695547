// SPDX-License-Identifier: MIT
// The server's messages as types: viewer-server/API.md, version 1. Text messages only; tiles are
// in decode.ts.

import type {Nanos} from '../model/nanos'
import type {CurvePoint, Taken} from '../model/utilisation'
import type {KernelFacts, Lane, LaneKind, Place, TraceFacts, Track} from '../model/trace'

export const API_VERSION = 1

export interface Progress {
  readonly type: 'progress'
  readonly stage: string
  readonly done: number
  readonly total: number
}

export interface Hello extends KernelFacts {
  readonly type: 'hello'
  readonly version: number
  readonly generation: number
  readonly trace: TraceFacts
  readonly tracks: readonly Track[]
  readonly lanes: readonly Lane[]
}

export interface Names {
  readonly type: 'names'
  readonly first: number
  readonly names: readonly string[]
}

export interface Argument {
  readonly name: string
  readonly type: string
  readonly value: string
}

export interface FlowEnd {
  readonly lane: number
  readonly index: number
  readonly time: Nanos
}

export interface Flow {
  readonly id: string
  readonly from: FlowEnd
  readonly to: FlowEnd
}

/** What a call gave back. */
export interface CallResult {
  readonly value: string
  readonly text?: string
  readonly is_error?: boolean
}

/** Who made a thread runnable. */
export interface Waker {
  readonly time: Nanos
  readonly cpu?: number
  /** 0: nobody ran, so it was an interrupt. */
  readonly tid: number
  readonly label: string
  /** Not there: a thread that is not recorded. */
  readonly track?: number
  readonly running?: Place
  readonly doing?: Place
  readonly doing_name?: number
}

/** A place where a thread was seen to stand in a stretch, and when. */
export interface SeenAt {
  readonly time: Nanos
  readonly last: Nanos
  readonly count: number
  readonly state: string
  /** Of the frames, what a line needs: that one, and those from the second number on. */
  readonly brief: readonly [call: number, own: number]
  readonly frames: readonly StackFrame[]
}

/** Places, each once; so many looks at others have no room. */
export interface Seen {
  readonly seen?: readonly SeenAt[]
  readonly seen_left_out?: number
}

/** Of a wait for a lock: where the thread waited, who had the lock when the wait began, who let it go. */
export interface LockFacts {
  readonly frames?: readonly StackFrame[]
  readonly holder?: Waker &
    Seen & {
      /** Where it was found running while it had the lock. */
      readonly sampled?: {
        readonly time: Nanos
        readonly place: Place
        readonly frames: readonly StackFrame[]
      }
    }
  /** With where it let go. */
  readonly waker?: Waker & {readonly frames?: readonly StackFrame[]}
}

export interface StateFacts extends Seen {
  readonly state: string
  readonly cpu?: number
  readonly call?: {readonly lane: number; readonly index: number; readonly name: number}
  readonly end?: string
  readonly waker?: Waker
}

/** A thread's turn on a CPU. */
export interface TurnFacts {
  readonly cpu: number
  readonly tid: number
  readonly label: string
  readonly track?: number
  readonly running?: Place
}

export interface StackFrame {
  readonly function?: string
  readonly file?: string
  readonly line?: number
  readonly module?: string
  readonly address?: string
  readonly is_inlined?: boolean
}

export interface SampleFacts {
  readonly cpu?: number
  readonly weight?: Nanos
  readonly frames: readonly StackFrame[]
}

/** A wake-up that a thread made. */
export interface Woke {
  readonly time: Nanos
  readonly tid: number
  readonly label: string
  readonly track?: number
  /** The state that began so. */
  readonly place?: Place
}

/** Of a collector's work, of pauses, of threads that it stopped; bytes. */
export interface CollectorFacts {
  readonly who?: {readonly tid: number; readonly label: string; readonly track: number}
  /** The same work among the spans of its thread. */
  readonly span?: Place
  readonly live?: number
  readonly freed?: number
  readonly heap_before?: number
  readonly heap_after?: number
  readonly cycle?: {
    readonly place: Place
    readonly name: number
    readonly start: Nanos
    readonly duration: Nanos
    readonly live?: number
    readonly freed?: number
  }
  readonly pauses?: {readonly count: number; readonly total: Nanos}
  readonly interrupted?: readonly Waker[]
}

export interface EventAnswer {
  readonly type: 'event'
  readonly req: number
  readonly lane: number
  readonly index: number
  readonly start: Nanos
  readonly duration: Nanos
  readonly is_unfinished?: boolean
  readonly began_before?: boolean
  readonly kind: LaneKind | 'log'
  readonly name?: number
  readonly category?: string
  readonly track: number
  readonly depth?: number
  readonly self?: Nanos
  readonly value?: number
  readonly text?: string
  readonly args?: readonly Argument[]
  readonly site?: {readonly file?: string; readonly line?: number; readonly function?: string}
  readonly parent?: Place
  readonly children?: number
  readonly first_child?: Place
  readonly task?: {
    readonly id: string
    readonly lane?: number
    readonly index?: number
    readonly name?: number
  }
  readonly steps?: readonly {readonly name: number; readonly time: Nanos; readonly track: number}[]
  readonly flows?: readonly Flow[]
  readonly lost?: {readonly count: number; readonly reason: string}
  readonly chrome?: readonly unknown[]
  readonly result?: CallResult
  readonly state?: StateFacts
  readonly lock?: LockFacts
  readonly turn?: TurnFacts
  readonly sample?: SampleFacts
  readonly woke?: readonly Woke[]
  readonly collector?: CollectorFacts
}

export interface NameTotal {
  readonly name: number
  readonly count: number
  readonly total: Nanos
  readonly self: Nanos
  readonly min: Nanos
  readonly max: Nanos
  readonly longest: Place
}

/** lane, index, start, duration, self, name */
export type TopPlace = readonly [number, number, Nanos, Nanos, Nanos, number]

export interface RangeAnswer {
  readonly type: 'range'
  readonly req: number
  readonly done: boolean
  readonly count: number
  readonly busy: Nanos
  readonly lost: number
  readonly events: readonly {readonly name?: string}[]
  readonly places: readonly TopPlace[]
  readonly names: readonly NameTotal[]
}

export interface SearchAnswer {
  readonly type: 'search'
  readonly req: number
  readonly count: number
  readonly names: readonly number[]
}

export interface FoundAnswer {
  readonly type: 'found'
  readonly req: number
  readonly lane: number
  readonly index: number
  readonly start: Nanos
  readonly duration: Nanos
  readonly wrapped?: boolean
  readonly position?: number
  readonly count?: number
}

export interface SplitPart {
  readonly part: string
  readonly name?: number
  readonly category?: string
  readonly total: Nanos
  readonly count: number
  readonly longest?: Place
}

export interface SplitWait {
  readonly place: Place
  readonly start: Nanos
  readonly duration: Nanos
  readonly part: string
  readonly name?: number
  /** The function that the thread slept in. */
  readonly slept_in?: StackFrame
}

/** Where the wall time of a span or a stretch of a thread went; the totals sum to the duration. */
export interface SplitAnswer {
  readonly type: 'split'
  readonly req: number
  readonly track: number
  readonly start: Nanos
  readonly end: Nanos
  readonly duration: Nanos
  readonly has_states?: boolean
  readonly run_queue_estimate?: Nanos
  readonly parts: readonly SplitPart[]
  readonly waits: readonly SplitWait[]
}

export interface FlameFunction {
  readonly function?: string
  readonly file?: string
  readonly module?: string
}

/** parent, function, total, self, samples; parents stand before children. */
export type FlameNode = readonly [number, number, Nanos, Nanos, number]

export interface FlameAnswer {
  readonly type: 'flame'
  readonly req: number
  readonly start: Nanos
  readonly end: Nanos
  readonly samples: number
  readonly weight: Nanos
  readonly unknown: number
  readonly left_out: number
  readonly functions: readonly FlameFunction[]
  readonly nodes: readonly FlameNode[]
}

export interface SleepSum {
  readonly total: Nanos
  readonly count: number
  /** Of the total: where no states are known. */
  readonly estimated: Nanos
}

/** Where threads slept; `weight` and `nodes` are of what somebody looked at. */
export interface SleepsAnswer extends Omit<FlameAnswer, 'type'> {
  readonly type: 'sleeps'
  readonly threads: number
  readonly all: SleepSum
  readonly not_looked_at: SleepSum
}

/** alive, alive at the start, alive at both, got, freed, overdue, touched: of each bytes, blocks, and the variance of the bytes. */
export type HeapSums = readonly number[]

/** A place's, or all: with how long the freed blocks lived, by the number of binary digits of ns. */
export interface HeapSite {
  readonly sums: HeapSums
  /** Half of them lived no longer; 0: none was freed. */
  readonly half_life: Nanos
  readonly longest_life: Nanos
  readonly lives: readonly (readonly [digits: number, blocks: number])[]
}

export interface HeapPlace extends HeapSite {
  /** Position in `functions`, line, and of a function without a name its address; innermost first. */
  readonly stack: readonly (readonly [named: number, line: number, address?: string])[]
  readonly pool?: string
}

export interface HeapThread {
  readonly pid: number
  readonly tid: number
  readonly label: string
  readonly track?: number
}

export interface HeapPool {
  readonly pid: number
  readonly pool: string
  readonly name: string
  readonly has: number
  readonly gave: number
}

/** What processes had in RAM, all together; `most` 0: nothing is told of it. */
export interface Resident {
  readonly processes: number
  /** When the range began, and the last that was above 0: what it had before it ended. */
  readonly begin: number
  readonly end: number
  /** At the end; 0: they have ended. */
  readonly now: number
  readonly most: number
  readonly time: Nanos
}

/** How far the walk is: events looked at, of so many at most. */
export interface HeapSoFar {
  readonly type: 'heap'
  readonly req: number
  readonly done: false
  readonly count: number
  readonly of: number
}

export interface HeapAnswer {
  readonly type: 'heap'
  readonly req: number
  readonly done: true
  readonly start: Nanos
  readonly end: Nanos
  readonly moment: Nanos
  readonly is_sampled: boolean
  readonly events: number
  readonly lost: number
  readonly unmatched: number
  readonly damaged: number
  readonly peak: {readonly bytes: number; readonly time: Nanos}
  readonly resident: Resident
  readonly total: HeapSite
  readonly growth_variance: number
  readonly functions: readonly FlameFunction[]
  /** parent, function, then sums of its own; parents stand before children. */
  readonly nodes: readonly (readonly number[])[]
  readonly left_out: number
  readonly places: readonly HeapPlace[]
  readonly places_left_out: number
  readonly threads: readonly HeapThread[]
  /** Who got, who freed (positions in `threads`), bytes, blocks, variance. */
  readonly hands: readonly (readonly [number, number, number, number, number])[]
  readonly hands_left_out: readonly [count: number, bytes: number]
  readonly pools: readonly HeapPool[]
  readonly pools_left_out: number
  readonly curve: {
    readonly step: Nanos
    /** Alive at the end of each step, at most within it, got in it; resident at its end, at most. */
    readonly points: readonly (readonly [number, number, number, number, number])[]
  }
}

/** Minimum mutator utilisation of a thread or a process. */
export interface PausesAnswer {
  readonly type: 'pauses'
  readonly req: number
  readonly what: string
  readonly track: number
  readonly start: Nanos
  readonly end: Nanos
  readonly offers: readonly {readonly what: string; readonly why_not?: string}[]
  readonly grain: Nanos
  readonly threads: number
  readonly pieces: number
  readonly taken: Nanos
  readonly points: readonly CurvePoint[]
  readonly longest?: CurvePoint
  readonly window?: Nanos
  readonly worst?: readonly CurvePoint[]
}

/** A thread as a wait for a lock names it; not recorded: without a track. */
export interface LockThread {
  readonly tid: number
  readonly label: string
  readonly track?: number
}

export interface LockWait {
  readonly start: Nanos
  readonly duration: Nanos
  readonly is_over: boolean
  readonly thread: LockThread
  readonly holder?: LockThread
  readonly waits_in?: StackFrame
  readonly place?: Place
  /** Where the holder was seen meanwhile. */
  readonly held?: {readonly time: Nanos; readonly state: string; readonly function?: string}
}

export interface LockRow {
  readonly lock: string
  readonly kind: string
  readonly is_held: boolean
  readonly pid: number
  readonly count: number
  readonly not_over: number
  readonly total: Nanos
  readonly p50: Nanos
  readonly p99: Nanos
  readonly max: Nanos
  readonly threads: number
  readonly with_stack: number
  readonly holder?: LockThread
  readonly holder_count?: number
  readonly waited_in?: StackFrame
  readonly let_go_in?: StackFrame
  /** Where its holders were in most of the waiting. */
  readonly held_in?: StackFrame
  /** The longest ones. */
  readonly waits: readonly LockWait[]
}

export interface Deadlock {
  readonly threads: number
  readonly waits: readonly (LockWait & {readonly lock: string; readonly kind: string})[]
}

export interface LocksAnswer {
  readonly type: 'locks'
  readonly req: number
  readonly start: Nanos
  readonly end: Nanos
  readonly count: number
  readonly total: Nanos
  readonly with_stack: number
  readonly lock_count: number
  readonly locks: readonly LockRow[]
  readonly deadlock_count: number
  readonly deadlocks: readonly Deadlock[]
  /** Where it was waited; the weights of a lock's waits sum to its total. */
  readonly flame: Pick<
    FlameAnswer,
    'samples' | 'weight' | 'unknown' | 'left_out' | 'functions' | 'nodes'
  >
}

export interface ErrorAnswer {
  readonly type: 'error'
  readonly req?: number
  readonly text: string
}

export type Answer =
  | EventAnswer
  | RangeAnswer
  | SearchAnswer
  | FoundAnswer
  | SplitAnswer
  | FlameAnswer
  | SleepsAnswer
  | LocksAnswer
  | HeapAnswer
  | HeapSoFar
  | PausesAnswer
export type ServerMessage = Progress | Hello | Names | Answer | ErrorAnswer

/** [lane, level, first tile, count] */
export type Want = readonly [number, number, number, number]

/** An event, or a stretch of a thread; track -1 means all threads (of flames only). */
export type Stretch =
  | {readonly lane: number; readonly index: number}
  | {readonly track: number; readonly start: Nanos; readonly end: Nanos}

export interface Questions {
  readonly split: {readonly ask: Stretch; readonly answer: SplitAnswer}
  readonly flame: {readonly ask: Stretch; readonly answer: FlameAnswer}
  readonly sleeps: {readonly ask: Stretch; readonly answer: SleepsAnswer}
  readonly locks: {
    readonly ask: {
      readonly start: Nanos
      readonly end: Nanos
      /** Of threads; none means all. */
      readonly tracks: readonly number[]
      readonly kinds: 'held' | 'all'
    }
    readonly answer: LocksAnswer
  }
  readonly heap: {
    readonly ask: {readonly start: Nanos; readonly end: Nanos; readonly pid?: number}
    readonly answer: HeapAnswer
    readonly part: HeapSoFar
  }
  readonly pauses: {
    readonly ask: {
      readonly what: Taken
      readonly track: number
      readonly start: Nanos
      readonly end: Nanos
      readonly window?: Nanos
    }
    readonly answer: PausesAnswer
  }
  readonly event: {
    readonly ask: {readonly lane: number; readonly index: number}
    readonly answer: EventAnswer
  }
  readonly range: {
    readonly ask: {
      readonly lanes: readonly number[]
      readonly start: Nanos
      readonly end: Nanos
      readonly top: number
      readonly order: 'duration' | 'start'
    }
    readonly answer: RangeAnswer
    readonly part: RangeAnswer
  }
  readonly search: {readonly ask: {readonly text: string}; readonly answer: SearchAnswer}
  readonly find: {
    readonly ask: {
      readonly text: string
      readonly from: Nanos
      readonly lane: number
      readonly index: number
      readonly direction: 1 | -1
    }
    readonly answer: FoundAnswer
  }
  readonly at: {
    readonly ask: {readonly lane: number; readonly time: Nanos}
    readonly answer: FoundAnswer
  }
}
