// SPDX-License-Identifier: MIT
// window.ctraceTest: what the page shows, for tests. It reads, it changes nothing; README.md of
// this folder describes it.

import {nameOf, trackOfLane} from '../model/trace'
import {wakesOf, type Arrow} from '../model/wakes'
import {endOf} from '../model/viewport'
import type {App} from './app'
import type {Stage} from './stage'

export interface VisibleSpan {
  readonly track: string
  readonly name: string
  readonly start: number
  readonly duration: number
  readonly lane: number
  /** Of the lane: span, task, cpu, state. */
  readonly kind: string
  readonly index: number
  /** Of its middle, in CSS pixels of the window: where a test may click. */
  readonly x: number
  readonly y: number
}

export interface CtraceTest {
  readonly ready: () => Promise<void>
  readonly visibleSpans: () => VisibleSpan[]
  readonly state: () => object
  readonly frameTimes: () => readonly number[]
}

declare global {
  interface Window {
    ctraceTest: CtraceTest
  }
}

const POLL_MS = 20

export function makeHook(app: App, stage: Stage): CtraceTest {
  const isReady = (): boolean =>
    app.opened() !== null && (app.opened()?.trace.names.length ?? 0) > 0 && stage.isSettled()

  const visibleSpans = (): VisibleSpan[] => {
    const trace = app.opened()?.trace
    const rect = document.getElementById('lanes')?.getBoundingClientRect()
    if (trace === undefined || rect === undefined) {
      return []
    }
    return stage.boxes().map(span => ({
      track: trackOfLane(trace, span.box.lane.id)?.label ?? '',
      name: nameOf(trace, span.name),
      start: span.start,
      duration: span.duration,
      lane: span.box.lane.id,
      kind: span.box.lane.kind,
      index: span.index,
      x: rect.left + (Math.max(span.left, 0) + Math.min(span.right, rect.width)) / 2,
      y: rect.top + span.box.top - app.scrollTop() + span.box.height / 2,
    }))
  }

  const wakes = (): readonly Arrow[] => {
    const [trace, detail] = [app.opened()?.trace, app.detail()]
    const isShown = trace !== undefined && detail !== null && !app.hidden().has('arrows')
    return isShown ? wakesOf(trace, detail) : []
  }

  return {
    ready: async () => {
      while (!isReady()) {
        await new Promise(done => window.setTimeout(done, POLL_MS))
      }
    },
    visibleSpans,
    state: () => ({
      start: app.view().start,
      end: endOf(app.view()),
      duration: app.opened()?.trace.facts.duration ?? 0,
      selection: app.selection(),
      detail: app.detail(),
      search: {...app.search(), matches: app.search().matches?.size ?? 0},
      scrollTop: app.scrollTop(),
      theme: document.documentElement.dataset.theme,
      fragment: app.stateFragment(),
      tracks: app.opened()?.trace.tracks ?? [],
      probe: app.probe()?.hit ?? null,
      hidden: [...app.hidden()],
      wakes: wakes(),
      sources: app.opened()?.trace.sources ?? [],
      marks: app.marks(),
      currentMark: app.currentMark(),
      cacheBytes: app.opened()?.cache.bytes() ?? 0,
    }),
    frameTimes: () => stage.frameTimes(),
  }
}
