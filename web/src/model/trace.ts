// SPDX-License-Identifier: MIT
// What a trace is to the page: its tracks, its lanes, its names. Filled from the server's hello.

import type {Nanos} from './nanos'

export type LaneKind =
  | 'span'
  | 'instant'
  | 'counter'
  | 'task'
  | 'gap'
  | 'cpu'
  | 'state'
  | 'sample'
  | 'cycle'
  | 'pause'
  | 'halt'
export type TrackKind =
  | 'cpus'
  | 'process'
  | 'thread'
  | 'counters'
  | 'memory'
  | 'tasks'
  | 'collector'
/** Of a counter's values; undefined: the program's own. */
export type Unit = 'bytes' | 'bytes/s'

export interface Track {
  readonly id: number
  readonly parent: number
  readonly kind: TrackKind
  readonly label: string
  readonly pid: number
  readonly tid: number
  readonly events: number
  readonly lost: number
  /** Of a thread: its events that tell of memory. */
  readonly memory?: number
  /** Of a thread: how often somebody looked where it stood. */
  readonly looks?: number
}

export interface Lane {
  readonly id: number
  readonly track: number
  readonly kind: LaneKind
  readonly depth: number
  readonly events: number
  readonly repaired?: number
  readonly name?: number
  readonly min?: number
  readonly max?: number
  /** Of counters of memory and of collectors' heaps: what they count in. */
  readonly unit?: Unit
  /** Of counters of memory: how they are thinned (0: they are not). Their points are no events. */
  readonly step?: Nanos
  readonly is_estimate?: boolean
  /** Of a `cpu` lane, and of a `gap` lane of a CPU. */
  readonly cpu?: number
}

/** Are its lanes charts with labels of their own? */
export function hasCharts(track: Track): boolean {
  return track.kind === 'counters' || track.kind === 'memory'
}

/** Where events come from, or why they do not. */
export interface Source {
  readonly name: string
  readonly state: string
  readonly why?: string
  readonly events?: number
  readonly lost?: number
  readonly checks?: number
  readonly misses?: number
  readonly slack?: Nanos
}

export interface Damage {
  readonly offset: number
  readonly bytes: number
  readonly text: string
}

export interface TraceFacts {
  readonly name: string
  readonly bytes: number
  readonly events: number
  readonly duration: Nanos
  /** When the first thing happens; the recorder got ready before. */
  readonly first: Nanos
  readonly wall_start_ns: string
  readonly lost: number
  readonly is_finished: boolean
  readonly clock: string
  readonly meta: readonly (readonly [string, string])[]
  readonly damage: readonly Damage[]
  readonly repaired: number
}

export interface Trace {
  readonly generation: number
  readonly facts: TraceFacts
  readonly tracks: readonly Track[]
  readonly lanes: readonly Lane[]
  readonly trackById: ReadonlyMap<number, Track>
  readonly laneById: ReadonlyMap<number, Lane>
  readonly lanesOfTrack: ReadonlyMap<number, readonly Lane[]>
  readonly names: string[]
  readonly sources: readonly Source[]
  /** Which state a name of a state lane stands for. */
  readonly stateOfName: ReadonlyMap<number, string>
}

/** What a hello brings beside facts, tracks and lanes. */
export interface KernelFacts {
  readonly sources?: readonly Source[]
  readonly states?: readonly {readonly name: number; readonly state: string}[]
}

/** One event's address: lane and number within the lane. */
export type Place = readonly [lane: number, index: number]

export function makeTrace(
  generation: number,
  facts: TraceFacts,
  tracks: readonly Track[],
  lanes: readonly Lane[],
  kernel: KernelFacts = {},
): Trace {
  const lanesOfTrack = new Map<number, Lane[]>()
  for (const lane of lanes) {
    const siblings = lanesOfTrack.get(lane.track)
    if (siblings === undefined) {
      lanesOfTrack.set(lane.track, [lane])
    } else {
      siblings.push(lane)
    }
  }
  return {
    generation,
    facts,
    tracks,
    lanes,
    trackById: new Map(tracks.map(track => [track.id, track])),
    laneById: new Map(lanes.map(lane => [lane.id, lane])),
    lanesOfTrack,
    names: [],
    sources: kernel.sources ?? [],
    stateOfName: new Map((kernel.states ?? []).map(({name, state}) => [name, state])),
  }
}

export function nameOf(trace: Trace, name: number | undefined): string {
  return (name === undefined ? undefined : trace.names[name]) ?? '(no name)'
}

export function trackOfLane(trace: Trace, lane: number): Track | undefined {
  const found = trace.laneById.get(lane)
  return found === undefined ? undefined : trace.trackById.get(found.track)
}

export function laneOfTrack(trace: Trace, track: number, kind: LaneKind): Lane | undefined {
  return trace.lanesOfTrack.get(track)?.find(lane => lane.kind === kind)
}

export function laneOfCpu(trace: Trace, cpu: number | undefined): Lane | undefined {
  return cpu === undefined
    ? undefined
    : trace.lanes.find(lane => lane.kind === 'cpu' && lane.cpu === cpu)
}
