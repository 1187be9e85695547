// SPDX-License-Identifier: MIT
// Where each track and lane stands on the page. Heights depend on what is collapsed and pinned,
// never on the zoom: rows do not move on their own.

import {layerOf, type Hidden} from './layers'
import {hasCharts, type Lane, type LaneKind, type Trace, type Track} from './trace'

export const GROUP_HEIGHT = 28
export const SPAN_HEIGHT = 19
export const INSTANT_HEIGHT = 14
export const COUNTER_HEIGHT = 40
export const CPU_HEIGHT = 17
/** Room for a line of small text. */
export const STATE_HEIGHT = 14
export const SAMPLE_HEIGHT = 9
export const COLLAPSED_HEIGHT = 24
/** Deeper nesting than this is drawn a few pixels high: it shows, and leaves room for the rest. */
export const DEPTH_FULL = 32
export const DEEP_HEIGHT = 4
/** The heading of counters stands above their charts. */
export const COUNTERS_HEAD = 22
/** Free pixels under each track. */
export const TRACK_GAP = 5
const TRACK_MIN = 24
/** Above a strip of states, which has no outline to set it apart from the line above. */
const STATE_PAD = 3
/** A collapsed CPU keeps so much: all of them are the picture, not the first few. */
const CPU_COMPACT = 2

export interface LaneBox {
  readonly lane: Lane
  /** From the top of all tracks. */
  readonly top: number
  readonly height: number
  /** Drawn small and without labels, because its track is collapsed. */
  readonly isCompact: boolean
}

export interface Row {
  readonly track: Track
  readonly top: number
  readonly height: number
  readonly isGroup: boolean
  readonly isCollapsed: boolean
  readonly isPinned: boolean
  readonly boxes: readonly LaneBox[]
  /** Losses lie over the whole row, those of a CPU over its lane. */
  readonly gaps: readonly LaneBox[]
  /** The group this row stands under; -1 for none. */
  readonly group: number
}

export interface Layout {
  readonly rows: readonly Row[]
  readonly height: number
  readonly rowOfTrack: ReadonlyMap<number, Row>
  readonly boxOfLane: ReadonlyMap<number, LaneBox>
}

export interface LayoutChoice {
  readonly collapsed: ReadonlySet<number>
  readonly pinned: ReadonlySet<number>
  readonly hidden: Hidden
}

function laneHeight(lane: Lane): number {
  switch (lane.kind) {
    case 'instant':
      return INSTANT_HEIGHT
    case 'counter':
      return COUNTER_HEIGHT
    case 'cpu':
      return CPU_HEIGHT
    case 'state':
      return STATE_HEIGHT
    case 'sample':
      return SAMPLE_HEIGHT
    default:
      return SPAN_HEIGHT
  }
}

function openBoxes(lanes: readonly Lane[], top: number): LaneBox[] {
  const boxes: LaneBox[] = []
  let y = top + (lanes[0]?.kind === 'state' ? STATE_PAD : 0)
  for (const lane of lanes) {
    const isDeep = lane.kind === 'span' && lane.depth >= DEPTH_FULL
    const height = isDeep ? DEEP_HEIGHT : laneHeight(lane)
    boxes.push({lane, top: y, height, isCompact: isDeep})
    y += height
  }
  return boxes
}

/** A collapsed track keeps all its lanes, each a few pixels high. */
function compactBoxes(lanes: readonly Lane[], top: number): LaneBox[] {
  const isCpus = lanes[0]?.kind === 'cpu'
  const wide = lanes.filter(lane => lane.kind !== 'instant' && lane.kind !== 'sample')
  const shown = isCpus ? wide : wide.slice(0, 8)
  if (shown.length === 0) {
    return []
  }
  const inner = COLLAPSED_HEIGHT - 4
  const height = Math.max(CPU_COMPACT, Math.floor(inner / shown.length))
  return shown.map((lane, i) => ({lane, top: top + 2 + i * height, height, isCompact: true}))
}

/** What stands above what in a thread's row; the rest keeps the order of the trace. */
const RANK: Readonly<Partial<Record<LaneKind, number>>> = {instant: 0, state: 1, sample: 2}

function orderedLanes(lanes: readonly Lane[], hidden: Hidden): Lane[] {
  const rank = (lane: Lane): number => RANK[lane.kind] ?? 3
  const isShown = ({kind}: Lane): boolean => {
    const layer = layerOf(kind)
    return kind !== 'gap' && (layer === undefined || !hidden.has(layer))
  }
  return lanes.filter(isShown).sort((a, b) => rank(a) - rank(b))
}

function gapBoxes(
  lanes: readonly Lane[],
  boxes: readonly LaneBox[],
  top: number,
  height: number,
): LaneBox[] {
  return lanes
    .filter(lane => lane.kind === 'gap')
    .map(lane => {
      const over = boxes.find(box => lane.cpu !== undefined && box.lane.cpu === lane.cpu)
      const place = over ?? {top, height}
      return {lane, top: place.top, height: place.height, isCompact: true}
    })
}

function trackRow(
  trace: Trace,
  track: Track,
  top: number,
  choice: LayoutChoice,
  group: number,
): Row {
  const all = trace.lanesOfTrack.get(track.id) ?? []
  const lanes = orderedLanes(all, choice.hidden)
  const isCollapsed = choice.collapsed.has(track.id)
  const head = hasCharts(track) && !isCollapsed ? COUNTERS_HEAD : 0
  const boxes = isCollapsed ? compactBoxes(lanes, top) : openBoxes(lanes, top + head)
  const last = boxes[boxes.length - 1]
  const used = last === undefined ? head : last.top + last.height - top
  const height = isCollapsed ? Math.max(COLLAPSED_HEIGHT, used + 2) : Math.max(used, TRACK_MIN)
  return {
    track,
    top,
    height,
    isGroup: false,
    isCollapsed,
    isPinned: choice.pinned.has(track.id),
    boxes,
    gaps: gapBoxes(all, boxes, top, height),
    group,
  }
}

function groupRow(track: Track, top: number, choice: LayoutChoice): Row {
  return {
    track,
    top,
    height: GROUP_HEIGHT,
    isGroup: true,
    isCollapsed: choice.collapsed.has(track.id),
    isPinned: false,
    boxes: [],
    gaps: [],
    group: -1,
  }
}

/** Pinned tracks first, then every group with its tracks, in the order of the trace. */
export function layOut(trace: Trace, choice: LayoutChoice): Layout {
  const rows: Row[] = []
  let y = 0
  const push = (row: Row): void => {
    rows.push(row)
    y += row.height + (row.isGroup ? 0 : TRACK_GAP)
  }
  for (const track of trace.tracks) {
    if (choice.pinned.has(track.id)) {
      push(trackRow(trace, track, y, choice, -1))
    }
  }
  for (const track of trace.tracks) {
    if (track.kind === 'process') {
      push(groupRow(track, y, choice))
    } else if (!choice.pinned.has(track.id) && !isHidden(trace, track, choice)) {
      push(trackRow(trace, track, y, choice, track.parent))
    }
  }
  return indexed(rows, y)
}

function isHidden(trace: Trace, track: Track, choice: LayoutChoice): boolean {
  if (
    (track.kind === 'cpus' && choice.hidden.has('cpus')) ||
    (track.kind === 'memory' && choice.hidden.has('memory'))
  ) {
    return true
  }
  let parent = trace.trackById.get(track.parent)
  for (let steps = 0; parent !== undefined && steps < 64; steps++) {
    if (parent.kind === 'process' && choice.collapsed.has(parent.id)) {
      return true
    }
    parent = trace.trackById.get(parent.parent)
  }
  return false
}

function indexed(rows: readonly Row[], height: number): Layout {
  const rowOfTrack = new Map<number, Row>()
  const boxOfLane = new Map<number, LaneBox>()
  for (const row of rows) {
    rowOfTrack.set(row.track.id, row)
    for (const box of row.boxes) {
      boxOfLane.set(box.lane.id, box)
    }
    for (const box of row.gaps) {
      boxOfLane.set(box.lane.id, box)
    }
  }
  return {rows, height, rowOfTrack, boxOfLane}
}

/** The first row that reaches below y. */
export function firstRowBelow(layout: Layout, y: number): number {
  let low = 0
  let high = layout.rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    const row = layout.rows[middle]
    if (row.top + row.height <= y) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}

/** The rows that touch [top, bottom). */
export function rowsBetween(layout: Layout, top: number, bottom: number): readonly Row[] {
  const first = firstRowBelow(layout, top)
  let last = first
  while (last < layout.rows.length && layout.rows[last].top < bottom) {
    last++
  }
  return layout.rows.slice(first, last)
}

export function rowAt(layout: Layout, y: number): Row | null {
  const row = layout.rows[firstRowBelow(layout, y)]
  return row !== undefined && row.top <= y ? row : null
}

export function boxAt(row: Row, y: number): LaneBox | null {
  return row.boxes.find(box => y >= box.top && y < box.top + box.height) ?? null
}
