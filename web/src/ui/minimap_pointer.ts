// SPDX-License-Identifier: MIT
// The mouse over the minimap.

import {windowOf} from '../draw/minimap'
import {WHEEL_ZOOM} from '../model/habits'
import {xAt} from '../model/viewport'
import type {App} from './app'
import {byId} from './dom'

/** Press on the strip to go there; hold the window to move it, its edges to change it. */
export function watchMinimap(app: App): void {
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
