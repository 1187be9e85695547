// SPDX-License-Identifier: MIT
// The canvases and the frame: draws what changed, at most once a frame, and asks the server for
// the tiles that the picture lacks. Nothing runs while nothing changes.

import type {Nanos} from '../model/nanos'
import type {RangeSelection} from '../model/selection'
import {wakesOf} from '../model/wakes'
import {drawAxis, RULER_HEIGHT} from '../draw/axis'
import {bandLanes} from '../draw/bands'
import {makeLanePainter, type SpanBox} from '../draw/lanes'
import {activityOf, drawMinimap, MINIMAP_HEIGHT} from '../draw/minimap'
import {drawOverlay, type Marked, type OverlayState} from '../draw/overlay'
import {tileRange, visibleBoxes, type Scene} from '../draw/scene'
import {drawTimeline} from '../draw/timeline'
import {tileWidth} from '../wire/decode'
import {middleOutward, wantsOf} from '../wire/want'
import type {App} from './app'
import {byId} from './dom'

export interface Stage {
  readonly invalidate: () => void
  readonly invalidateOverlay: () => void
  /** New tiles may change the minimap. */
  readonly tilesChanged: () => void
  readonly setDrag: (range: RangeSelection | null) => void
  readonly setPointer: (x: number | null) => void
  readonly boxes: () => readonly SpanBox[]
  /** Runs before each drawn frame, with the milliseconds since the last one. */
  readonly beforeFrame: (step: (elapsed: number) => boolean) => void
  readonly frameTimes: () => readonly number[]
  readonly isSettled: () => boolean
  /** What was asked for on the old connection will not come. */
  readonly reconnected: () => void
}

interface Surface {
  readonly canvas: HTMLCanvasElement
  readonly ctx: CanvasRenderingContext2D
}

function surface(id: string): Surface {
  const canvas = byId<HTMLCanvasElement>(id)
  const ctx = canvas.getContext('2d')
  if (ctx === null) {
    throw new Error('this browser has no 2D canvas')
  }
  return {canvas, ctx}
}

function fitSurface(target: Surface, width: number, height: number, ratio: number): void {
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (target.canvas.width !== w || target.canvas.height !== h) {
    target.canvas.width = w
    target.canvas.height = h
    target.canvas.style.width = `${width}px`
    target.canvas.style.height = `${height}px`
  }
  target.ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
}

const FRAMES_KEPT = 600

export function makeStage(app: App): Stage {
  const lanes = surface('lanes')
  const ruler = surface('ruler')
  const minimap = surface('minimap')
  const overlay = surface('overlay')
  const tracks = byId('tracks')
  const painter = makeLanePainter()
  const steps: ((elapsed: number) => boolean)[] = []
  const times: number[] = []
  let boxes: readonly SpanBox[] = []
  let drag: RangeSelection | null = null
  let pointerX: number | null = null
  let isDirty = true
  let isOverlayDirty = true
  let isActivityDirty = true
  let activity = new Float32Array(0)
  let isScheduled = false
  let lastFrame = 0
  /** Tiles of the newest request; an older request is void. */
  let asked: ReadonlySet<string> = new Set()
  let isWaiting = false

  const schedule = (): void => {
    if (!isScheduled) {
      isScheduled = true
      requestAnimationFrame(frame)
    }
  }

  const requestTiles = (scene: Scene): void => {
    const range = tileRange(scene)
    const visible = visibleBoxes(scene).map(box => box.lane.id)
    const top = scene.scrollTop
    for (const row of scene.layout.rows) {
      if (row.top < top + scene.height && row.top + row.height > top) {
        visible.push(...row.gaps.map(box => box.lane.id))
      }
    }
    const lanes = [...new Set([...middleOutward(visible), ...bandLanes(scene)])]
    const wants = wantsOf(scene.cache, {
      range,
      lanes,
      allLanes: scene.trace.lanes.map(lane => lane.id),
      lastNumber: Math.floor(scene.trace.facts.duration / tileWidth(range.level)),
    })
    isWaiting = wants.length > 0
    const keys = wants.flatMap(keysOf)
    if (keys.some(key => !asked.has(key))) {
      asked = new Set(keys)
      app.client().view(wants)
    }
  }

  const selectedMark = (): Marked | null => {
    const detail = app.detail()
    return detail === null
      ? null
      : {lane: detail.lane, start: detail.start, duration: detail.duration}
  }

  /** Of a turn on a CPU: the same stretch of its thread. */
  const relatedMark = (): Marked | null => {
    const detail = app.detail()
    const lane = detail?.turn?.running?.[0]
    return detail === null || lane === undefined
      ? null
      : {lane, start: detail.start, duration: detail.duration}
  }

  const hoverMark = (): Marked | null => {
    const hit = app.probe()?.hit
    if (hit?.type === 'span') {
      return {lane: hit.lane, start: hit.start, duration: hit.duration}
    }
    return hit?.type === 'bucket'
      ? {lane: hit.lane, start: hit.from, duration: hit.to - hit.from}
      : null
  }

  const overlayState = (): OverlayState => {
    const selection = app.selection()
    const detail = app.detail()
    const trace = app.opened()?.trace
    const isBare = app.hidden().has('arrows')
    return {
      pointerX,
      hover: drag === null ? hoverMark() : null,
      selected: selectedMark(),
      range: drag ?? (selection?.type === 'range' ? selection : null),
      flows: isBare ? [] : (detail?.flows ?? []),
      wakes: isBare || detail === null || trace === undefined ? [] : wakesOf(trace, detail),
      related: relatedMark(),
      marks: app.marks(),
      currentMark: app.currentMark(),
    }
  }

  const drawAll = (scene: Scene): void => {
    const {width, height, pixelRatio, theme, view} = scene
    const duration: Nanos = scene.trace.facts.duration
    fitSurface(lanes, width, height, pixelRatio)
    fitSurface(ruler, width, RULER_HEIGHT, pixelRatio)
    fitSurface(minimap, width, MINIMAP_HEIGHT, pixelRatio)
    scene.cache.nextFrame()
    boxes = drawTimeline(painter, lanes.ctx, scene)
    drawAxis(ruler.ctx, view, theme, duration)
    if (isActivityDirty || activity.length !== Math.ceil(width)) {
      activity = activityOf(scene.trace, scene.cache, Math.max(1, Math.ceil(width)))
      isActivityDirty = false
    }
    drawMinimap(minimap.ctx, activity, view, duration, theme, width)
    requestTiles(scene)
  }

  const frame = (now: number): void => {
    isScheduled = false
    const elapsed = Math.min(64, now - lastFrame)
    lastFrame = now
    const isMoving = steps.map(step => step(elapsed)).some(Boolean)
    const scene = app.scene()
    if (scene !== null && scene.width > 0) {
      const begin = performance.now()
      if (isDirty) {
        isDirty = false
        isOverlayDirty = true
        drawAll(scene)
        app.drawn()
      }
      if (isOverlayDirty) {
        isOverlayDirty = false
        fitSurface(overlay, scene.width, scene.height + RULER_HEIGHT, scene.pixelRatio)
        drawOverlay(overlay.ctx, scene, painter.labels, overlayState())
      }
      times.push(performance.now() - begin)
      times.splice(0, times.length - FRAMES_KEPT)
    }
    if (isMoving) {
      schedule()
    }
  }

  const invalidate = (): void => {
    isDirty = true
    schedule()
  }
  const invalidateOverlay = (): void => {
    isOverlayDirty = true
    schedule()
  }

  const measure = (): void => {
    const style = getComputedStyle(tracks)
    const head = parseFloat(style.getPropertyValue('--head')) || 220
    const bar = parseFloat(style.getPropertyValue('--bar')) || 12
    app.resize(
      Math.max(50, tracks.clientWidth - head - bar),
      tracks.clientHeight,
      window.devicePixelRatio || 1,
    )
    invalidate()
  }
  new ResizeObserver(measure).observe(tracks)
  window.addEventListener('resize', measure)

  for (const change of ['trace', 'names', 'view', 'layout', 'search', 'theme'] as const) {
    app.on(change, invalidate)
  }
  for (const change of ['selection', 'detail', 'hover', 'focus', 'marks'] as const) {
    app.on(change, invalidateOverlay)
  }
  app.on('trace', () => {
    isActivityDirty = true
    asked = new Set()
    measure()
  })

  return {
    invalidate,
    invalidateOverlay,
    tilesChanged: () => {
      isActivityDirty = true
      invalidate()
    },
    setDrag: range => {
      drag = range
      invalidateOverlay()
    },
    setPointer: x => {
      pointerX = x
      invalidateOverlay()
    },
    boxes: () => boxes,
    beforeFrame: step => {
      steps.push(step)
      schedule()
    },
    frameTimes: () => times,
    isSettled: () => !isWaiting && !isDirty,
    reconnected: () => {
      asked = new Set()
      invalidate()
    },
  }
}

function keysOf(want: readonly [number, number, number, number]): string[] {
  const [lane, level, first, count] = want
  return Array.from({length: count}, (_, i) => `${lane}/${level}/${first + i}`)
}
