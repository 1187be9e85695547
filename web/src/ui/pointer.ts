// SPDX-License-Identifier: MIT
// The mouse and the touchpad over tracks and ruler.

import {xAt} from '../model/viewport'
import type {RangeSelection} from '../model/selection'
import {probeAt} from '../draw/probe'
import {RULER_HEIGHT} from '../draw/axis'
import {dragOf, WHEEL_ZOOM, type DragKind} from '../model/habits'
import {markAt} from '../draw/flags'
import type {App} from './app'
import type {ContextMenu} from './context'
import {byId} from './dom'
import {draggedRange} from './drag_range'
import type {Habits} from './hand'
import {extendTo, selectHit} from './hit_select'
import type {Marking} from './marking'
import {watchMinimap} from './minimap_pointer'
import type {Stage} from './stage'

/** CSS pixels a press may move and still be a click. */
const CLICK_SLOP = 4
interface Drag {
  readonly kind: DragKind | 'ruler'
  readonly x: number
  readonly y: number
  lastX: number
  lastY: number
  isMoved: boolean
}

export interface Pointer {
  /** The place that zooming by key holds still. */
  readonly anchor: () => number
  readonly isSpaceHeld: {current: boolean}
}

export interface PointerParts {
  readonly habits: Habits
  readonly menu: ContextMenu
  readonly marking: Marking
}

export function makePointer(app: App, stage: Stage, parts: PointerParts): Pointer {
  const tracks = byId('tracks')
  const timeline = byId('timeline')
  const isSpaceHeld = {current: false}
  let drag: Drag | null = null
  let inside: {readonly x: number; readonly y: number} | null = null

  /** Relative to the track area, right of the names. */
  const place = (event: MouseEvent): {readonly x: number; readonly y: number} => {
    const rect = byId('lanes').getBoundingClientRect()
    return {x: event.clientX - rect.left, y: event.clientY - rect.top}
  }

  const dragged = (event: MouseEvent, from: Drag): RangeSelection =>
    draggedRange(app, stage, {
      from,
      here: place(event),
      isOfAll: from.kind === 'ruler',
      isUnsnapped: event.altKey,
    })

  const kindOf = (event: PointerEvent): Drag['kind'] => {
    const kind = dragOf(parts.habits.now(), {
      button: event.button,
      isShift: event.shiftKey,
      isControl: event.ctrlKey || event.metaKey,
      isSpace: isSpaceHeld.current,
    })
    return kind === 'select' && place(event).y < 0 ? 'ruler' : kind
  }

  const click = (event: MouseEvent): void => {
    const scene = app.scene()
    const {x, y} = place(event)
    if (scene === null || y < 0) {
      const mark = scene === null ? null : markAt(scene, app.marks(), x)
      if (mark !== null) {
        parts.marking.goTo(mark)
      } else if (app.selection()?.type === 'range') {
        app.select(null)
      }
      return
    }
    const probe = probeAt(scene, x, y)
    if (probe === null) {
      app.select(null)
    } else if (event.ctrlKey || event.metaKey) {
      extendTo(app, probe.hit)
    } else {
      selectHit(app, probe.hit)
    }
  }

  const openMenu = (event: MouseEvent): void => {
    const scene = app.scene()
    const {x, y} = place(event)
    const probe = scene === null || y < 0 ? null : probeAt(scene, x, y)
    app.setProbe(probe)
    parts.menu.open(event.clientX, event.clientY, probe)
  }

  const hover = (event: MouseEvent): void => {
    const scene = app.scene()
    const {x, y} = place(event)
    const isOver = scene !== null && x >= 0 && x <= scene.width && y >= -RULER_HEIGHT
    inside = isOver && y <= (scene?.height ?? 0) ? {x, y} : null
    stage.setPointer(inside === null ? null : x)
    app.setProbe(scene === null || inside === null || y < 0 ? null : probeAt(scene, x, y))
  }

  const onMove = (event: PointerEvent): void => {
    if (drag === null) {
      return
    }
    const {x, y} = place(event)
    drag.isMoved ||= Math.hypot(x - drag.x, y - drag.y) >= CLICK_SLOP
    if (!drag.isMoved) {
      return
    }
    if (drag.kind === 'pan') {
      timeline.classList.add('panning')
      app.pan(drag.lastX - x)
      app.scrollTo(app.scrollTop() + drag.lastY - y)
    } else {
      stage.setDrag(dragged(event, drag))
      stage.setPointer(x)
    }
    drag.lastX = x
    drag.lastY = y
  }

  const onUp = (event: PointerEvent): void => {
    const ended = drag
    drag = null
    timeline.classList.remove('panning')
    stage.setDrag(null)
    if (ended === null) {
      return
    }
    if (!ended.isMoved) {
      if (event.button === 0) {
        click(event)
      } else if (event.button === 2) {
        openMenu(event)
      }
    } else if (ended.kind === 'zoom') {
      const range = dragged(event, ended)
      app.frameRange(range.start, range.end)
    } else if (ended.kind !== 'pan') {
      app.select(dragged(event, ended))
    }
  }

  const onDown = (event: PointerEvent): void => {
    const {x, y} = place(event)
    if (x < 0 || x > app.view().width || event.button > 2) {
      return
    }
    drag = {kind: kindOf(event), x, y, lastX: x, lastY: y, isMoved: false}
    ;(event.target as Element).setPointerCapture(event.pointerId)
    app.setProbe(null)
    if (event.button === 1) {
      event.preventDefault()
    }
  }

  const onDouble = (event: MouseEvent): void => {
    const hit = app.probe()?.hit
    const {x, y} = place(event)
    const scene = app.scene()
    const under = scene === null ? undefined : (probeAt(scene, x, y)?.hit ?? hit)
    if (under?.type === 'span') {
      app.frameRange(under.start, under.start + Math.max(under.duration, 50), 0.15)
    } else if (under?.type === 'bucket') {
      app.selectEvent(under.lane, under.longestIndex, true)
    }
  }

  const onWheel = (event: WheelEvent): void => {
    event.preventDefault()
    const {x, y} = place(event)
    const unit = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 300 : 1
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit]
    const isZoom = parts.habits.now().wheel === 'zoom' && !event.shiftKey && dx === 0
    if (event.ctrlKey || event.metaKey || event.altKey || y < 0 || isZoom) {
      const speed = event.ctrlKey && Math.abs(dy) < 40 ? WHEEL_ZOOM * 4 : WHEEL_ZOOM
      app.zoom(Math.exp(dy * speed), Math.max(0, Math.min(app.view().width, x)))
    } else if (event.shiftKey) {
      app.pan(dx + dy)
    } else {
      app.pan(dx)
      app.scrollTo(app.scrollTop() + dy)
    }
    hover(event)
  }

  app.on('drawn', () => {
    const scene = app.scene()
    if (inside !== null && drag === null && scene !== null && inside.y >= 0) {
      app.setProbe(probeAt(scene, inside.x, inside.y))
    }
  })
  const surfaces = [byId('lanes'), byId('ruler')]
  for (const target of surfaces) {
    target.addEventListener('pointerdown', onDown)
    target.addEventListener('pointermove', event => {
      onMove(event)
      if (drag === null) {
        hover(event)
      }
    })
    target.addEventListener('pointerup', onUp)
    target.addEventListener('pointercancel', () => {
      drag = null
      stage.setDrag(null)
    })
    target.addEventListener('pointerleave', () => {
      if (drag === null) {
        inside = null
        stage.setPointer(null)
        app.setProbe(null)
      }
    })
    target.addEventListener('contextmenu', event => event.preventDefault())
  }
  byId('lanes').addEventListener('dblclick', onDouble)
  for (const target of [tracks, byId('ruler')]) {
    target.addEventListener('wheel', onWheel, {passive: false})
  }
  watchMinimap(app)
  return {
    anchor: () => inside?.x ?? selectionX(app) ?? app.view().width / 2,
    isSpaceHeld,
  }
}

function selectionX(app: App): number | null {
  const detail = app.detail()
  const selection = app.selection()
  const middle =
    detail !== null
      ? detail.start + detail.duration / 2
      : selection?.type === 'range'
        ? (selection.start + selection.end) / 2
        : null
  if (middle === null) {
    return null
  }
  const x = xAt(app.view(), middle)
  return x >= 0 && x <= app.view().width ? x : null
}
