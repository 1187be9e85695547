// SPDX-License-Identifier: MIT
// Everything the page can do that has a name: the keys call these, and the palette lists them.

import {nameOf} from '../model/trace'
import type {App} from './app'
import {LAYERS, LAYER_TITLES} from '../model/layers'
import type {Find} from './find'
import type {KernelWalk} from './kernel_walk'
import type {Marking} from './marking'
import type {Walk} from './walk'

export interface Action {
  readonly title: string
  /** As the palette shows it; '' if it has none. */
  readonly keys: string
  readonly run: () => void
}

/** What other parts of the page offer. */
export interface Parts {
  readonly find: Find
  readonly walk: Walk
  readonly kernel: KernelWalk
  readonly marking: Marking
  readonly onHelp: () => void
  readonly onGoToTime: () => void
  readonly onPalette: (prefix: '' | '>') => void
  readonly onDownloadAll: () => void
  readonly onDownloadView: () => void
  readonly onTheme: () => void
}

const STEP = 1.5
const PAGE = 0.85

/** The lane that a key without a selection is about: under the pointer, else the focused one. */
function laneMeant(app: App): number {
  return app.probe()?.box?.lane.id ?? app.focusedLane()
}

/** First the lane, then everything. */
function selectAll(app: App): void {
  const whole = app.opened()?.trace.facts.duration ?? 0
  if (whole <= 0) {
    return
  }
  const selection = app.selection()
  const isWhole = selection?.type === 'range' && selection.start === 0 && selection.end === whole
  const lane = isWhole ? -1 : selection?.type === 'event' ? selection.lane : laneMeant(app)
  app.select({type: 'range', start: 0, end: whole, tracks: [], lane})
}

function pin(app: App): void {
  const row = app.probe()?.row
  const lane = app.opened()?.trace.laneById.get(app.focusedLane())
  const track = row !== undefined && !row.isGroup ? row.track.id : lane?.track
  if (track !== undefined) {
    app.togglePinned(track)
  }
}

function asRange(app: App): void {
  const detail = app.detail()
  if (detail !== null && detail.duration > 0) {
    const end = detail.start + detail.duration
    app.select({type: 'range', start: detail.start, end, tracks: [detail.track], lane: -1})
  }
}

function sameName(app: App, find: Find): void {
  const detail = app.detail()
  const trace = app.opened()?.trace
  if (detail?.name !== undefined && trace !== undefined) {
    find.searchFor(nameOf(trace, detail.name))
  }
}

function moves(app: App): Readonly<Record<string, Action>> {
  const middle = (): number => app.view().width / 2
  const page = (direction: 1 | -1): void => {
    const height = app.scene()?.height ?? 400
    app.scrollTo(app.scrollTop() + direction * height * PAGE)
  }
  return {
    fit: {title: 'Show the whole trace', keys: '0', run: () => app.fit()},
    zoomIn: {title: 'Zoom in', keys: '+', run: () => app.zoom(1 / STEP, middle())},
    zoomOut: {title: 'Zoom out', keys: '-', run: () => app.zoom(STEP, middle())},
    back: {title: 'Back to the view before', keys: 'Ctrl + Z', run: () => app.go(-1)},
    forward: {title: 'Forward again', keys: 'Ctrl + Y', run: () => app.go(1)},
    pageUp: {title: 'Scroll up', keys: 'PgUp', run: () => page(-1)},
    pageDown: {title: 'Scroll down', keys: 'PgDn', run: () => page(1)},
    top: {title: 'Top of the tracks', keys: 'Ctrl + Home', run: () => app.scrollTo(0)},
  }
}

function selections(app: App, {find, walk, kernel}: Parts): Readonly<Record<string, Action>> {
  return {
    focus: {title: 'Zoom to the selection', keys: 'F', run: () => app.focusSelection()},
    all: {
      title: 'Select the whole lane, then everything',
      keys: 'Ctrl + A',
      run: () => selectAll(app),
    },
    asRange: {title: 'The selected span as a range', keys: 'R', run: () => asRange(app)},
    sameName: {title: 'Highlight all of the same name', keys: 'H', run: () => sameName(app, find)},
    clear: {title: 'Select nothing', keys: 'Esc', run: () => app.select(null)},
    next: {title: 'Next event of the lane', keys: '.', run: () => walk.along(1)},
    previous: {title: 'Previous event of the lane', keys: ',', run: () => walk.along(-1)},
    parent: {title: 'Go to the parent', keys: 'Alt + Up', run: () => walk.parent()},
    child: {title: 'Go to the first child', keys: 'Alt + Down', run: () => walk.child()},
    flowNext: {
      title: 'Follow the flow, or the wake-up',
      keys: ']',
      run: () => void (kernel.wake(1) || walk.flow(1)),
    },
    flowBack: {
      title: 'Follow the flow back, or to who woke it',
      keys: '[',
      run: () => void (kernel.wake(-1) || walk.flow(-1)),
    },
    waker: {title: 'Go to who woke it', keys: 'U', run: kernel.waker},
    cpu: {title: 'From a state to its CPU, from a CPU to the thread', keys: 'C', run: kernel.cpu},
  }
}

function findings(app: App, parts: Parts): Readonly<Record<string, Action>> {
  const {find, marking} = parts
  return {
    search: {title: 'Search names', keys: '/', run: () => find.focus()},
    hitNext: {title: 'Next hit', keys: 'F3', run: () => find.step(1)},
    hitBack: {title: 'Previous hit', keys: 'Shift + F3', run: () => find.step(-1)},
    goToTime: {title: 'Go to a time', keys: 'G', run: parts.onGoToTime},
    goToTrack: {title: 'Go to a track or a mark', keys: 'Ctrl + P', run: () => parts.onPalette('')},
    mark: {title: 'Mark the selection or the pointer', keys: 'M', run: marking.add},
    markNamed: {title: 'Mark it with a name', keys: 'Shift + M', run: marking.addNamed},
    markNext: {title: 'Next mark', keys: 'N', run: () => marking.step(1)},
    markBack: {title: 'Previous mark', keys: 'Shift + N', run: () => marking.step(-1)},
    markRemove: {title: 'Remove the mark gone to last', keys: 'Del', run: marking.removeCurrent},
    marksRemove: {title: 'Remove all marks', keys: '', run: () => app.setMarks([], null)},
  }
}

/** Show or hide each part of the picture that one can do without. */
function layers(app: App): Readonly<Record<string, Action>> {
  const keys = {cpus: '1', states: '2', samples: '3', memory: '4', arrows: 'X', bands: 'O'}
  return Object.fromEntries(
    LAYERS.map(layer => [
      layer,
      {
        title: `${LAYER_TITLES[layer]} on, off`,
        keys: keys[layer],
        run: () => app.toggleLayer(layer),
      },
    ]),
  )
}

function arrangements(app: App, parts: Parts): Readonly<Record<string, Action>> {
  return {
    pin: {title: 'Pin the track to the top, or let it go', keys: 'P', run: () => pin(app)},
    openAll: {title: 'Open all tracks', keys: '', run: () => app.setAllCollapsed(false)},
    collapseAll: {title: 'Collapse all tracks', keys: '', run: () => app.setAllCollapsed(true)},
    panel: {title: 'Details on, off', keys: 'Q', run: () => app.togglePanel()},
    theme: {title: 'Next theme', keys: '', run: parts.onTheme},
    saveAll: {title: 'Download the trace as Chrome JSON', keys: '', run: parts.onDownloadAll},
    saveView: {
      title: 'Download what is in view as Chrome JSON',
      keys: '',
      run: parts.onDownloadView,
    },
    palette: {title: 'Commands', keys: 'F1', run: () => parts.onPalette('>')},
    help: {title: 'Keys and mouse', keys: '?', run: parts.onHelp},
  }
}

export type Actions = Readonly<Record<string, Action>>

export function makeActions(app: App, parts: Parts): Actions {
  return {
    ...moves(app),
    ...selections(app, parts),
    ...findings(app, parts),
    ...arrangements(app, parts),
    ...layers(app),
  }
}
