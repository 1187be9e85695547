// SPDX-License-Identifier: MIT
// The rows of the timeline: what is collapsed, pinned or hidden, where each row stands then, and how
// far one has scrolled.

import type {ViewState} from '../model/fragment'
import {formatLayers, layerOf, parseLayers, type Hidden, type Layer} from '../model/layers'
import type {Lane, Trace, Track} from '../model/trace'
import {GROUP_HEIGHT, layOut, type Layout} from '../model/tracks'
import {remember, remembered} from './memory'

/** More CPUs than this begin collapsed: threads are what one came for. */
const CPUS_OPEN = 16
/** So do the allocation rates of more threads than this. */
const RATES_OPEN = 4

/** What was hidden last is hidden in the next trace, unless its address says otherwise. */
const HIDDEN_KEY = 'ctrace.hidden'

const EMPTY_LAYOUT: Layout = {rows: [], height: 0, rowOfTrack: new Map(), boxOfLane: new Map()}

/** As the address says, and where it says nothing as the reader likes it. */
export function firstState(asked: ViewState, trace: Trace): ViewState {
  const hidden = asked.hidden.length > 0 ? asked.hidden : parseLayers(remembered(HIDDEN_KEY) ?? '')
  const cpus = trace.tracks.find(track => track.kind === 'cpus')
  const lanesOf = (track: Track): readonly Lane[] => trace.lanesOfTrack.get(track.id) ?? []
  const isLong = (track: Track): boolean =>
    track.kind === 'memory' &&
    lanesOf(track).length > RATES_OPEN &&
    lanesOf(track).every(lane => lane.unit === 'bytes/s')
  const tall = trace.tracks.filter(
    track => (track === cpus && lanesOf(track).length > CPUS_OPEN) || isLong(track),
  )
  const collapsed = asked.collapsed.length > 0 ? asked.collapsed : tall.map(track => track.id)
  return {...asked, hidden, collapsed}
}

export interface Rows {
  readonly layout: () => Layout
  readonly height: () => number
  readonly scrollTop: () => number
  readonly collapsed: () => ReadonlySet<number>
  readonly pinned: () => ReadonlySet<number>
  readonly hidden: () => Hidden

  /** Of the window they are seen through. */
  readonly setHeight: (height: number) => void
  readonly restore: (state: Pick<ViewState, 'collapsed' | 'pinned' | 'hidden'>) => void
  /** The trace is another one, or a set has changed. */
  readonly relayout: () => void
  readonly scrollTo: (top: number) => void
  /** Opens what is collapsed above a lane, and brings its row into sight. */
  readonly showLane: (lane: number) => void
  /** The first lane of the row that is in sight then, if it has one. */
  readonly showTrack: (track: number) => number | undefined
  readonly toggleCollapsed: (track: number) => void
  readonly setAllCollapsed: (isCollapsed: boolean) => void
  readonly togglePinned: (track: number) => void
  readonly toggleLayer: (layer: Layer) => void
}

export interface RowsHearer {
  readonly onLayout: () => void
  readonly onScroll: () => void
}

export function makeRows(traceNow: () => Trace | null, hearer: RowsHearer): Rows {
  let height = 600
  let layout = EMPTY_LAYOUT
  let collapsed = new Set<number>()
  let pinned = new Set<number>()
  let hidden: Set<Layer> = new Set()
  let scrollTop = 0

  const relayout = (): void => {
    const trace = traceNow()
    if (trace !== null) {
      layout = layOut(trace, {collapsed, pinned, hidden})
      scrollTop = Math.max(0, Math.min(scrollTop, layout.height - height + 24))
    }
    hearer.onLayout()
  }

  const scrollTo = (top: number): void => {
    const next = Math.max(0, Math.min(top, Math.max(0, layout.height - height + 24)))
    if (next !== scrollTop) {
      scrollTop = next
      hearer.onScroll()
    }
  }

  const showLane = (lane: number): void => {
    const trace = traceNow()
    const track = trace?.laneById.get(lane)?.track
    if (trace === null || track === undefined) {
      return
    }
    const parent = trace.trackById.get(track)?.parent ?? -1
    if (collapsed.has(parent)) {
      collapsed.delete(parent)
      relayout()
    }
    const layer = layerOf(trace.laneById.get(lane)?.kind ?? 'span')
    if (layer !== undefined && hidden.delete(layer)) {
      relayout()
    }
    if (!layout.boxOfLane.has(lane)) {
      collapsed.delete(track)
      relayout()
    }
    const there = layout.boxOfLane.get(lane)
    if (there === undefined) {
      return
    }
    if (there.top < scrollTop + GROUP_HEIGHT) {
      scrollTo(there.top - GROUP_HEIGHT - 12)
    } else if (there.top + there.height > scrollTop + height) {
      scrollTo(there.top + there.height - height + 48)
    }
  }

  const showTrack = (track: number): number | undefined => {
    const parent = traceNow()?.trackById.get(track)?.parent ?? -1
    if (collapsed.delete(parent)) {
      relayout()
    }
    const row = layout.rowOfTrack.get(track)
    if (row !== undefined) {
      scrollTo(row.top - GROUP_HEIGHT - 12)
    }
    return row?.boxes[0]?.lane.id
  }

  const toggleIn = <T>(set: Set<T>, item: T): void => {
    if (!set.delete(item)) {
      set.add(item)
    }
  }

  return {
    layout: () => layout,
    height: () => height,
    scrollTop: () => scrollTop,
    collapsed: () => collapsed,
    pinned: () => pinned,
    hidden: () => hidden,

    setHeight: next => {
      height = next
      scrollTo(scrollTop)
    },
    restore: state => {
      collapsed = new Set(state.collapsed)
      pinned = new Set(state.pinned)
      hidden = new Set(state.hidden)
      relayout()
    },
    relayout,
    scrollTo,
    showLane,
    showTrack,
    toggleCollapsed: track => {
      toggleIn(collapsed, track)
      relayout()
    },
    setAllCollapsed: isCollapsed => {
      const threads = traceNow()?.tracks.filter(track => track.kind !== 'process') ?? []
      collapsed = new Set(isCollapsed ? threads.map(track => track.id) : [])
      relayout()
    },
    togglePinned: track => {
      toggleIn(pinned, track)
      relayout()
    },
    toggleLayer: layer => {
      toggleIn(hidden, layer)
      remember(HIDDEN_KEY, formatLayers(hidden))
      relayout()
    },
  }
}
