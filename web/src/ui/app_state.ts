// SPDX-License-Identifier: MIT
// Keeps the page's state: the trace, the view, what is selected and searched, the marks. Its rows
// are rows.ts, its way back steps.ts.

import {EMPTY_STATE, formatFragment, parseFragment, type ViewState} from '../model/fragment'
import {isSameMark, withMark, type Mark} from '../model/marks'
import type {Nanos} from '../model/nanos'
import {isSameSelection, type Selection} from '../model/selection'
import {makeTrace} from '../model/trace'
import * as viewport from '../model/viewport'
import type {Viewport} from '../model/viewport'
import type {EventAnswer, Hello} from '../wire/api'
import {makeCache} from '../wire/cache'
import {Cancelled, type Client} from '../wire/client'
import {colourNames, type NameColours} from '../draw/colour'
import {colourStates, colourTurns} from '../draw/state_colours'
import type {Probe} from '../draw/probe'
import {themeOf} from '../draw/theme'
import type {App, Change, Opened, Search} from './app'
import {firstState, makeRows} from './rows'
import {makeSteps} from './steps'

const NO_SEARCH: Search = {text: '', matches: null, count: 0, position: 0, isWrapped: false}

export function makeApp(): App {
  let client: Client | null = null
  let opened: Opened | null = null
  let view: Viewport = {start: 0, scale: 1, width: 800}
  let pixelRatio = 1
  let selection: Selection = null
  let detail: EventAnswer | null = null
  let search = NO_SEARCH
  let theme = themeOf(false)
  let colours: NameColours = colourNames([], false, null)
  let turnColours = colours
  let stateColours = colours
  let probe: Probe | null = null
  let focused = -1
  let isPanelOpen = true
  let marks: readonly Mark[] = []
  let currentMark: Mark | null = null
  /** Removed here: an older address brings them back no more. */
  let removedMarks: readonly Mark[] = []
  let beforeFocus: Viewport | null = null
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
    collapsed: [...rows.collapsed()],
    pinned: [...rows.pinned()],
    search: search.text,
    hidden: [...rows.hidden()],
    marks,
  })

  const steps = makeSteps({state, restore: next => restore(next), onStep: () => emit('view')})
  const rows = makeRows(() => opened?.trace ?? null, {
    onLayout: () => {
      steps.settleSoon()
      emit('layout')
    },
    onScroll: () => emit('layout'),
  })

  const changeView = (next: Viewport): void => {
    if (next.start !== view.start || next.scale !== view.scale || next.width !== view.width) {
      view = next
      steps.settleSoon()
      emit('view')
    }
  }

  const recolour = (): void => {
    const names = opened?.trace.names ?? []
    colours = colourNames(names, theme.isDark, search.matches)
    turnColours = colourTurns(names, colours, theme.isDark)
    stateColours = colourStates(opened?.trace.stateOfName ?? new Map(), theme.isDark)
  }

  const reveal = (lane: number, start: Nanos, length: Nanos): void => {
    rows.showLane(lane)
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
    steps.settleSoon()
    emit('selection')
  }

  const restore = (next: ViewState): void => {
    rows.restore(next)
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
    rows.relayout()
    view = viewport.fitted(view, duration(), opened?.trace.facts.first)
    const start = firstState(pendingState ?? EMPTY_STATE, trace)
    pendingState = null
    marks = start.marks
    restore(start)
    steps.begin()
    emit('trace', 'view')
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
      rows.showLane(detail.lane)
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
    layout: rows.layout,
    theme: () => theme,
    selection: () => selection,
    detail: () => detail,
    search: () => search,
    scrollTop: rows.scrollTop,
    probe: () => probe,
    focusedLane: () => focused,
    isPanelOpen: () => isPanelOpen,
    marks: () => marks,
    currentMark: () => currentMark,
    isCollapsed: track => rows.collapsed().has(track),
    isPinned: track => rows.pinned().has(track),
    hidden: rows.hidden,
    canGo: steps.canGo,
    scene: () =>
      opened === null
        ? null
        : {
            ...opened,
            layout: rows.layout(),
            view,
            colours,
            stateColours,
            turnColours,
            theme,
            pixelRatio,
            width: view.width,
            height: rows.height(),
            scrollTop: rows.scrollTop(),
            hasBands: !rows.hidden().has('bands'),
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
    resize: (width, height, ratio) => {
      pixelRatio = ratio
      const wasWhole = opened !== null && isWhole()
      view = viewport.resized(view, width, duration())
      if (wasWhole) {
        view = viewport.fitted(view, duration(), opened?.trace.facts.first)
      }
      rows.setHeight(height)
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
    go: steps.go,
    scrollTo: rows.scrollTo,
    select: next => select(next),
    selectEvent: (lane, index, andReveal = false) =>
      select({type: 'event', lane, index}, andReveal),
    reveal,
    showTrack: track => {
      const lane = rows.showTrack(track)
      if (lane !== undefined) {
        focused = lane
        emit('focus')
      }
    },
    setSearch: next => {
      const isRecoloured = next.matches !== search.matches
      search = next
      if (isRecoloured) {
        recolour()
      }
      steps.settleSoon()
      emit('search')
    },
    setProbe: next => {
      probe = next
      emit('hover')
    },
    focusLane: lane => {
      focused = lane
      rows.showLane(lane)
      emit('focus')
    },
    toggleCollapsed: rows.toggleCollapsed,
    setAllCollapsed: rows.setAllCollapsed,
    togglePinned: rows.togglePinned,
    toggleLayer: rows.toggleLayer,
    togglePanel: isOpen => {
      isPanelOpen = isOpen ?? !isPanelOpen
      emit('panel')
    },
    setMarks: (next, current) => {
      const gone = marks.filter(old => !next.some(mark => isSameMark(mark, old)))
      removedMarks = [...removedMarks, ...gone]
      marks = next
      currentMark = current
      steps.settleSoon()
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
        steps.settle(true)
      }
    },
  }
}
