// SPDX-License-Identifier: MIT
// The page's state and what can be done with it, as everybody else sees it. Everything a key, a
// button or a pointer does ends in one of these actions; whoever shows a part of the state listens
// for its changes. app_state.ts keeps it.

import type {Hidden, Layer} from '../model/layers'
import type {Mark} from '../model/marks'
import type {Nanos} from '../model/nanos'
import type {Selection} from '../model/selection'
import type {Trace} from '../model/trace'
import type {Layout} from '../model/tracks'
import type {Viewport} from '../model/viewport'
import type {EventAnswer, Hello, Names} from '../wire/api'
import type {TileCache} from '../wire/cache'
import type {Client} from '../wire/client'
import type {Probe} from '../draw/probe'
import type {Scene} from '../draw/scene'
import type {Theme} from '../draw/theme'

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

export interface Search {
  readonly text: string
  readonly matches: ReadonlySet<number> | null
  readonly count: number
  /** The hit that is selected, from 1; 0 for none. */
  readonly position: number
  readonly isWrapped: boolean
}

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
