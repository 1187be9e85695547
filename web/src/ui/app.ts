// SPDX-License-Identifier: MIT
// The page's state and what can be done with it. Everything a key, a button or a pointer does ends
// in one of these actions; whoever shows a part of the state listens for its changes.

import {EMPTY_STATE, formatFragment, parseFragment, type ViewState} from '../model/fragment'
import {amended, historyOf, redone, stepped, undone, type History} from '../model/history'
import {formatLayers, layerOf, parseLayers, type Hidden, type Layer} from '../model/layers'
import {isSameMark, withMark, type Mark} from '../model/marks'
import type {Nanos} from '../model/nanos'
import {isSameSelection, type Selection} from '../model/selection'
import {makeTrace, type Lane, type Trace, type Track} from '../model/trace'
import {GROUP_HEIGHT, layOut, type Layout} from '../model/tracks'
import * as viewport from '../model/viewport'
import type {Viewport} from '../model/viewport'
import type {EventAnswer, Hello, Names} from '../wire/api'
import {makeCache, type TileCache} from '../wire/cache'
import {Cancelled, type Client} from '../wire/client'
import {colourNames, type NameColours} from '../draw/colour'
import {colourStates, colourTurns} from '../draw/state_colours'
import type {Probe} from '../draw/probe'
import type {Scene} from '../draw/scene'
import {themeOf, type Theme} from '../draw/theme'
import {remember, remembered} from './memory'

export type Change =
  | 'trace'
  | 'names'
  | 'view'
  | 'layout'
  | 'selection'
  | 'detail'
  | 'search'
  | 'hover'
  | 'theme'
  | 'panel'
  | 'focus'
  | 'marks'
  | 'drawn'

/** A view that rests this long is a step one can go back to. */
const SETTLE_MS = 450

export interface Search {
  readonly text: string
  readonly matches: ReadonlySet<number> | null
  readonly count: number
  /** The hit that is selected, from 1; 0 for none. */
  readonly position: number
  readonly isWrapped: boolean
}

/** More CPUs than this begin collapsed: threads are what one came for. */
const CPUS_OPEN = 16
/** So do the allocation rates of more threads than this. */
const RATES_OPEN = 4

/** What was hidden last is hidden in the next trace, unless its address says otherwise. */
const HIDDEN_KEY = 'ctrace.hidden'

const NO_SEARCH: Search = {text: '', matches: null, count: 0, position: 0, isWrapped: false}

export interface Opened {
  readonly trace: Trace
  readonly cache: TileCache
}

export interface App {
  readonly client: () => Client
  readonly opened: () => Opened | null
  readonly view: () => Viewport
  readonly layout: () => Layout
  readonly theme: () => Theme
  readonly selection: () => Selection
  readonly detail: () => EventAnswer | null
  readonly search: () => Search
  readonly scrollTop: () => number
  readonly probe: () => Probe | null
  readonly focusedLane: () => number
  readonly isPanelOpen: () => boolean
  readonly marks: () => readonly Mark[]
  /** The one that was made or gone to last. */
  readonly currentMark: () => Mark | null
  readonly scene: () => Scene | null
  readonly isCollapsed: (track: number) => boolean
  readonly isPinned: (track: number) => boolean
  readonly hidden: () => Hidden
  readonly canGo: (direction: 1 | -1) => boolean

  readonly on: (change: Change, listener: () => void) => void
  readonly setClient: (client: Client) => void
  readonly open: (hello: Hello) => void
  readonly addNames: (names: Names) => void
  /** The picture is another one now. */
  readonly drawn: () => void
  readonly resize: (width: number, height: number, pixelRatio: number) => void
  readonly setTheme: (isDark: boolean) => void
  readonly setView: (view: Viewport) => void
  readonly zoom: (factor: number, x: number) => void
  readonly pan: (pixels: number) => void
  readonly fit: () => void
  readonly frameRange: (start: Nanos, end: Nanos, margin?: number) => void
  readonly focusSelection: () => void
  readonly go: (direction: 1 | -1) => void
  readonly scrollTo: (top: number) => void
  readonly select: (selection: Selection) => void
  readonly selectEvent: (lane: number, index: number, andReveal?: boolean) => void
  readonly reveal: (lane: number, start: Nanos, duration: Nanos) => void
  /** Brings a track into sight, whatever is collapsed above it. */
  readonly showTrack: (track: number) => void
  readonly setSearch: (search: Search) => void
  readonly setProbe: (probe: Probe | null) => void
  readonly focusLane: (lane: number) => void
  readonly toggleCollapsed: (track: number) => void
  readonly setAllCollapsed: (isCollapsed: boolean) => void
  readonly togglePinned: (track: number) => void
  readonly toggleLayer: (layer: Layer) => void
  readonly togglePanel: (isOpen?: boolean) => void
  readonly setMarks: (marks: readonly Mark[], current: Mark | null) => void
  readonly stateFragment: () => string
  readonly applyFragment: (fragment: string) => void
}

const EMPTY_LAYOUT: Layout = {rows: [], height: 0, rowOfTrack: new Map(), boxOfLane: new Map()}

/** As the address says, and where it says nothing as the reader likes it. */
function firstState(asked: ViewState, trace: Trace): ViewState {
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

export function makeApp(): App {
  let client: Client | null = null
  let opened: Opened | null = null
  let view: Viewport = {start: 0, scale: 1, width: 800}
  let height = 600
  let pixelRatio = 1
  let layout = EMPTY_LAYOUT
  let collapsed = new Set<number>()
  let pinned = new Set<number>()
  let hidden: Set<Layer> = new Set()
  let selection: Selection = null
  let detail: EventAnswer | null = null
  let search = NO_SEARCH
  let theme = themeOf(false)
  let colours: NameColours = colourNames([], false, null)
  let turnColours = colours
  let stateColours = colours
  let scrollTop = 0
  let probe: Probe | null = null
  let focused = -1
  let isPanelOpen = true
  let marks: readonly Mark[] = []
  let currentMark: Mark | null = null
  /** Removed here: an older address brings them back no more. */
  let removedMarks: readonly Mark[] = []
  let history: History<ViewState> = historyOf(EMPTY_STATE)
  let beforeFocus: Viewport | null = null
  let settleTimer = 0
  let asked: {readonly cancel: () => void} | null = null
  let pendingState: ViewState | null = parseFragment(location.hash)
  const listeners = new Map<Change, (() => void)[]>()

  const emit = (...changes: readonly Change[]): void => {
    for (const change of changes) {
      for (const listener of listeners.get(change) ?? []) {
        listener()
      }
    }
  }
  const duration = (): Nanos => opened?.trace.facts.duration ?? 1

  const isWhole = (): boolean =>
    viewport.isSameView(view, viewport.fitted(view, duration(), opened?.trace.facts.first))

  const state = (): ViewState => ({
    range: isWhole() ? null : [view.start, viewport.endOf(view)],
    selection,
    collapsed: [...collapsed],
    pinned: [...pinned],
    search: search.text,
    hidden: [...hidden],
    marks,
  })

  /** Marks are no step: going back to an earlier view keeps them. */
  const stepText = (of: ViewState): string => formatFragment({...of, marks: []})

  /** What changed so far needs no step of its own. */
  const rest = (): void => {
    window.clearTimeout(settleTimer)
    settleTimer = 0
  }

  /** `isKnown`: the browser's own back or forward brought this state, its list has it already. */
  const settle = (isKnown: boolean): void => {
    rest()
    const next = state()
    const isNew = stepText(next) !== stepText(history.present)
    const url = formatFragment(next) || location.pathname
    if (isNew) {
      history = stepped(history, next)
      emit('view')
    }
    if (isNew && !isKnown) {
      window.history.pushState(null, '', url)
    } else {
      window.history.replaceState(null, '', url)
    }
  }
  const settleSoon = (): void => {
    window.clearTimeout(settleTimer)
    settleTimer = window.setTimeout(() => settle(false), SETTLE_MS)
  }

  const changeView = (next: Viewport): void => {
    if (next.start !== view.start || next.scale !== view.scale || next.width !== view.width) {
      view = next
      settleSoon()
      emit('view')
    }
  }

  const recolour = (): void => {
    const names = opened?.trace.names ?? []
    colours = colourNames(names, theme.isDark, search.matches)
    turnColours = colourTurns(names, colours, theme.isDark)
    stateColours = colourStates(opened?.trace.stateOfName ?? new Map(), theme.isDark)
  }

  const relayout = (): void => {
    if (opened !== null) {
      layout = layOut(opened.trace, {collapsed, pinned, hidden})
      scrollTop = Math.max(0, Math.min(scrollTop, layout.height - height + 24))
    }
    settleSoon()
    emit('layout')
  }

  const scrollTo = (top: number): void => {
    const next = Math.max(0, Math.min(top, Math.max(0, layout.height - height + 24)))
    if (next !== scrollTop) {
      scrollTop = next
      emit('layout')
    }
  }

  /** Open what is collapsed above a lane, and bring its row into sight. */
  const showLane = (lane: number): void => {
    const track = opened?.trace.laneById.get(lane)?.track
    if (opened === null || track === undefined) {
      return
    }
    const parent = opened.trace.trackById.get(track)?.parent ?? -1
    if (collapsed.has(parent)) {
      collapsed.delete(parent)
      relayout()
    }
    const layer = layerOf(opened.trace.laneById.get(lane)?.kind ?? 'span')
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

  const showTrack = (track: number): void => {
    const parent = opened?.trace.trackById.get(track)?.parent ?? -1
    if (collapsed.delete(parent)) {
      relayout()
    }
    const row = layout.rowOfTrack.get(track)
    const lane = row?.boxes[0]?.lane.id
    if (row !== undefined) {
      scrollTo(row.top - GROUP_HEIGHT - 12)
    }
    if (lane !== undefined) {
      focused = lane
      emit('focus')
    }
  }

  const reveal = (lane: number, start: Nanos, length: Nanos): void => {
    showLane(lane)
    const isTiny = length > 0 && length / view.scale < 6
    if (isTiny) {
      const scale = length / 60
      const around = {...view, scale, start: start + length / 2 - (scale * view.width) / 2}
      changeView(viewport.clamped(around, duration()))
    } else {
      changeView(viewport.revealed(view, start, start + length, duration()))
    }
  }

  const askDetail = (lane: number, index: number, andReveal: boolean): void => {
    asked?.cancel()
    if (client === null) {
      return
    }
    const question = client.ask('event', {lane, index})
    asked = question
    question.answer.then(
      answer => {
        if (selection?.type === 'event' && selection.lane === lane && selection.index === index) {
          detail = answer
          emit('detail')
          if (andReveal) {
            reveal(lane, answer.start, answer.duration)
          }
        }
      },
      error => {
        if (!(error instanceof Cancelled)) {
          select(null)
        }
      },
    )
  }

  const select = (next: Selection, andReveal = false): void => {
    if (
      isSameSelection(next, selection) &&
      (next === null || detail !== null || next.type !== 'event')
    ) {
      if (andReveal && detail !== null) {
        reveal(detail.lane, detail.start, detail.duration)
      }
      return
    }
    selection = next
    detail = null
    if (next?.type === 'event') {
      focused = next.lane
      askDetail(next.lane, next.index, andReveal)
    }
    settleSoon()
    emit('selection')
  }

  const restore = (next: ViewState): void => {
    collapsed = new Set(next.collapsed)
    pinned = new Set(next.pinned)
    hidden = new Set(next.hidden)
    relayout()
    const range = next.range
    changeView(
      range === null
        ? viewport.fitted(view, duration(), opened?.trace.facts.first)
        : viewport.clamped(
            {...view, start: range[0], scale: (range[1] - range[0]) / view.width},
            duration(),
          ),
    )
    select(next.selection)
    if (next.search !== search.text) {
      search = {...NO_SEARCH, text: next.search}
      recolour()
      emit('search')
    }
  }

  /** What an address brings, besides what is here. */
  const addMarks = (brought: readonly Mark[]): void => {
    const isKnown = (mark: Mark): boolean =>
      [...marks, ...removedMarks].some(old => isSameMark(old, mark))
    const fresh = brought.filter(mark => !isKnown(mark))
    if (fresh.length > 0) {
      marks = fresh.reduce(withMark, [...marks])
      emit('marks')
    }
  }

  const open = (hello: Hello): void => {
    const isSame = opened !== null && opened.trace.generation === hello.generation
    const trace = makeTrace(hello.generation, hello.trace, hello.tracks, hello.lanes, hello)
    opened = {
      trace,
      cache: isSame && opened !== null ? opened.cache : makeCache(trace.facts.duration),
    }
    if (isSame) {
      emit('trace')
      if (selection?.type === 'event' && detail === null) {
        askDetail(selection.lane, selection.index, false)
      }
      return
    }
    recolour()
    relayout()
    view = viewport.fitted(view, duration(), opened?.trace.facts.first)
    const start = firstState(pendingState ?? EMPTY_STATE, trace)
    pendingState = null
    marks = start.marks
    restore(start)
    rest()
    history = historyOf(state())
    emit('trace', 'view')
  }

  const go = (direction: 1 | -1): void => {
    if (settleTimer !== 0) {
      settle(false)
    }
    const next = direction < 0 ? undone(history) : redone(history)
    if (next !== history) {
      history = next
      restore(next.present)
      rest()
      history = amended(history, state())
      window.history.replaceState(null, '', formatFragment(state()) || location.pathname)
      emit('view')
    }
  }

  const selectedTimes = (): readonly [Nanos, Nanos, number] | null => {
    if (selection?.type === 'range') {
      return [selection.start, selection.end, 0.08]
    }
    return detail === null
      ? null
      : [detail.start, detail.start + Math.max(detail.duration, 50), 0.15]
  }

  const focusSelection = (): void => {
    const times = selectedTimes()
    if (times === null) {
      return
    }
    const target = viewport.framed(view, times[0], times[1], times[2], duration())
    if (viewport.isSameView(target, view) && beforeFocus !== null) {
      changeView(viewport.clamped({...beforeFocus, width: view.width}, duration()))
      beforeFocus = null
      return
    }
    beforeFocus = view
    if (detail !== null) {
      showLane(detail.lane)
    }
    changeView(target)
  }

  return {
    client: () => {
      if (client === null) {
        throw new Error('not connected yet')
      }
      return client
    },
    opened: () => opened,
    view: () => view,
    layout: () => layout,
    theme: () => theme,
    selection: () => selection,
    detail: () => detail,
    search: () => search,
    scrollTop: () => scrollTop,
    probe: () => probe,
    focusedLane: () => focused,
    isPanelOpen: () => isPanelOpen,
    marks: () => marks,
    currentMark: () => currentMark,
    isCollapsed: track => collapsed.has(track),
    isPinned: track => pinned.has(track),
    hidden: () => hidden,
    canGo: direction => (direction < 0 ? history.past.length > 0 : history.future.length > 0),
    scene: () =>
      opened === null
        ? null
        : {
            ...opened,
            layout,
            view,
            colours,
            stateColours,
            turnColours,
            theme,
            pixelRatio,
            width: view.width,
            height,
            scrollTop,
            hasBands: !hidden.has('bands'),
          },

    on: (change, listener) => {
      listeners.set(change, [...(listeners.get(change) ?? []), listener])
    },
    setClient: next => {
      client = next
    },
    open,
    addNames: message => {
      if (opened !== null) {
        for (let i = 0; i < message.names.length; i++) {
          opened.trace.names[message.first + i] = message.names[i]
        }
        recolour()
        emit('names')
      }
    },
    drawn: () => emit('drawn'),
    resize: (width, nextHeight, ratio) => {
      height = nextHeight
      pixelRatio = ratio
      const wasWhole = opened !== null && isWhole()
      view = viewport.resized(view, width, duration())
      if (wasWhole) {
        view = viewport.fitted(view, duration(), opened?.trace.facts.first)
      }
      scrollTo(scrollTop)
      emit('view')
    },
    setTheme: isDark => {
      theme = themeOf(isDark)
      recolour()
      emit('theme')
    },
    setView: next => changeView(viewport.clamped(next, duration())),
    zoom: (factor, x) => changeView(viewport.zoomed(view, factor, x, duration())),
    pan: pixels => changeView(viewport.panned(view, pixels, duration())),
    fit: () => changeView(viewport.fitted(view, duration(), opened?.trace.facts.first)),
    frameRange: (start, end, margin = 0) =>
      changeView(viewport.framed(view, start, end, margin, duration())),
    focusSelection,
    go,
    scrollTo,
    select: next => select(next),
    selectEvent: (lane, index, andReveal = false) =>
      select({type: 'event', lane, index}, andReveal),
    reveal,
    showTrack,
    setSearch: next => {
      const isRecoloured = next.matches !== search.matches
      search = next
      if (isRecoloured) {
        recolour()
      }
      settleSoon()
      emit('search')
    },
    setProbe: next => {
      probe = next
      emit('hover')
    },
    focusLane: lane => {
      focused = lane
      showLane(lane)
      emit('focus')
    },
    toggleCollapsed: track => {
      if (!collapsed.delete(track)) {
        collapsed.add(track)
      }
      relayout()
    },
    setAllCollapsed: isCollapsed => {
      const threads = opened?.trace.tracks.filter(track => track.kind !== 'process') ?? []
      collapsed = new Set(isCollapsed ? threads.map(track => track.id) : [])
      relayout()
    },
    togglePinned: track => {
      if (!pinned.delete(track)) {
        pinned.add(track)
      }
      relayout()
    },
    toggleLayer: layer => {
      if (!hidden.delete(layer)) {
        hidden.add(layer)
      }
      remember(HIDDEN_KEY, formatLayers(hidden))
      relayout()
    },
    togglePanel: isOpen => {
      isPanelOpen = isOpen ?? !isPanelOpen
      emit('panel')
    },
    setMarks: (next, current) => {
      const gone = marks.filter(old => !next.some(mark => isSameMark(mark, old)))
      removedMarks = [...removedMarks, ...gone]
      marks = next
      currentMark = current
      settleSoon()
      emit('marks')
    },
    stateFragment: () => formatFragment(state()),
    applyFragment: fragment => {
      if (opened === null) {
        pendingState = parseFragment(fragment)
      } else {
        const next = parseFragment(fragment)
        addMarks(next.marks)
        restore(next)
        settle(true)
      }
    },
  }
}
