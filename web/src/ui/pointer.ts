// SPDX-License-Identifier: MIT
// The mouse and the touchpad over tracks, ruler and minimap.

import {timeAt, xAt} from '../model/viewport'
import type {RangeSelection} from '../model/selection'
import {probeAt, type Hit} from '../draw/probe'
import {RULER_HEIGHT} from '../draw/axis'
import {windowOf} from '../draw/minimap'
import {dragOf, type DragKind} from '../model/habits'
import {markAt} from '../draw/flags'
import type {App} from './app'
import type {ContextMenu} from './context'
import {byId} from './dom'
import type {Habits} from './hand'
import type {Marking} from './marking'
import type {Stage} from './stage'

/** CSS pixels a press may move and still be a click. */
const CLICK_SLOP = 4
const WHEEL_ZOOM = 0.0022
/** Edges of spans this near pull the edge of a dragged range to them; Alt turns it off. */
const SNAP = 8

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

  const snapped = (x: number, isOff: boolean): number => {
    if (isOff) {
      return timeAt(app.view(), x)
    }
    let best = timeAt(app.view(), x)
    let distance = SNAP
    for (const box of stage.boxes()) {
      for (const time of [box.start, box.start + box.duration]) {
        const away = Math.abs(xAt(app.view(), time) - x)
        if (away < distance) {
          distance = away
          best = time
        }
      }
    }
    return best
  }

  const tracksBetween = (y0: number, y1: number): number[] => {
    const [top, bottom] = [Math.min(y0, y1) + app.scrollTop(), Math.max(y0, y1) + app.scrollTop()]
    const rows = app
      .layout()
      .rows.filter(row => !row.isGroup && row.top <= bottom && row.top + row.height >= top)
    return rows.map(row => row.track.id)
  }

  const dragged = (event: MouseEvent, from: Drag): RangeSelection => {
    const here = place(event)
    const a = snapped(from.x, event.altKey)
    const b = snapped(here.x, event.altKey)
    const isAll = from.kind === 'ruler'
    const limit = app.opened()?.trace.facts.duration ?? 0
    const within = (time: number): number => Math.max(0, Math.min(limit, Math.round(time)))
    return {
      type: 'range',
      start: within(Math.min(a, b)),
      end: Math.max(within(Math.max(a, b)), within(Math.min(a, b)) + 1),
      tracks: isAll ? [] : tracksBetween(from.y, here.y),
      lane: -1,
    }
  }

  const kindOf = (event: PointerEvent): Drag['kind'] => {
    const kind = dragOf(parts.habits.now(), {
      button: event.button,
      isShift: event.shiftKey,
      isControl: event.ctrlKey || event.metaKey,
      isSpace: isSpaceHeld.current,
    })
    return kind === 'select' && place(event).y < 0 ? 'ruler' : kind
  }

  /** From what is selected to what was hit, over both their tracks. */
  const extend = (hit: Hit): void => {
    const detail = app.detail()
    const old = app.selection()
    const track = app.opened()?.trace.laneById.get(hit.lane)?.track
    if (hit.type !== 'span' || track === undefined) {
      return
    }
    const from =
      old?.type === 'range'
        ? {start: old.start, end: old.end, tracks: old.tracks}
        : detail === null
          ? {start: hit.start, end: hit.start, tracks: []}
          : {start: detail.start, end: detail.start + detail.duration, tracks: [detail.track]}
    app.select({
      type: 'range',
      start: Math.min(from.start, hit.start),
      end: Math.max(from.end, hit.start + hit.duration),
      tracks: [...new Set([...from.tracks, track])],
      lane: -1,
    })
  }

  const select = (hit: Hit): void => {
    switch (hit.type) {
      case 'span':
        return app.selectEvent(hit.lane, hit.index)
      case 'instant':
        if (hit.count === 1) {
          return app.selectEvent(hit.lane, hit.index)
        }
        return app.select({type: 'range', start: hit.from, end: hit.to, tracks: [], lane: hit.lane})
      case 'bucket':
        if (hit.count === 1) {
          return app.selectEvent(hit.lane, hit.longestIndex)
        }
        return app.select({type: 'range', start: hit.from, end: hit.to, tracks: [], lane: hit.lane})
      case 'counter':
        return selectNearest(hit.lane, hit.time)
      case 'row':
        return app.selection()?.type === 'event' ? app.select(null) : undefined
    }
  }

  const selectNearest = (lane: number, time: number): void => {
    app
      .client()
      .ask('at', {lane, time: Math.max(0, time)})
      .answer.then(
        found => (found.lane >= 0 ? app.selectEvent(found.lane, found.index) : undefined),
        () => undefined,
      )
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
      extend(probe.hit)
    } else {
      select(probe.hit)
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

/** Press on the strip to go there; hold the window to move it, its edges to change it. */
function watchMinimap(app: App): void {
  const strip = byId('minimap')
  let grab: {readonly part: 'window' | 'left' | 'right'; readonly offset: number} | null = null
  const duration = (): number => app.opened()?.trace.facts.duration ?? 1
  const timeOf = (event: MouseEvent): number => {
    const rect = strip.getBoundingClientRect()
    return ((event.clientX - rect.left) / Math.max(rect.width, 1)) * duration()
  }
  const partAt = (event: MouseEvent): 'window' | 'left' | 'right' | null => {
    const rect = strip.getBoundingClientRect()
    const x = event.clientX - rect.left
    const {left, right} = windowOf(app.view(), duration(), rect.width)
    const isWide = right - left > 16
    if (isWide && Math.abs(x - left) < 5) {
      return 'left'
    }
    if (isWide && Math.abs(x - right) < 5) {
      return 'right'
    }
    return x >= left && x <= right ? 'window' : null
  }
  const center = (time: number): void => {
    const view = app.view()
    app.setView({...view, start: time - (view.scale * view.width) / 2})
  }
  strip.addEventListener('pointerdown', event => {
    const part = partAt(event)
    if (part === null) {
      center(timeOf(event))
    }
    grab = {part: part ?? 'window', offset: timeOf(event) - app.view().start}
    strip.setPointerCapture(event.pointerId)
  })
  strip.addEventListener('pointermove', event => {
    const view = app.view()
    const end = view.start + view.scale * view.width
    const time = timeOf(event)
    if (grab === null) {
      const part = partAt(event)
      strip.style.cursor = part === 'window' ? 'grab' : part === null ? 'pointer' : 'ew-resize'
    } else if (grab.part === 'window') {
      app.setView({...view, start: time - grab.offset})
    } else if (grab.part === 'left' && time < end) {
      app.setView({...view, start: time, scale: (end - time) / view.width})
    } else if (grab.part === 'right' && time > view.start) {
      app.setView({...view, scale: (time - view.start) / view.width})
    }
  })
  strip.addEventListener('pointerup', () => {
    grab = null
  })
  strip.addEventListener('dblclick', () => app.fit())
  strip.addEventListener(
    'wheel',
    event => {
      event.preventDefault()
      const x = xAt(app.view(), timeOf(event))
      const isInside = x >= 0 && x <= app.view().width
      app.zoom(Math.exp(event.deltaY * WHEEL_ZOOM), isInside ? x : app.view().width / 2)
    },
    {passive: false},
  )
}
