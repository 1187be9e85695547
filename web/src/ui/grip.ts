// SPDX-License-Identifier: MIT
// Edges that can be moved: between names and lanes, and between tracks and details. What was chosen
// is remembered; with the focus on it the arrow keys move the latter too.

import type {App} from './app'
import {byId} from './dom'
import {remember, remembered} from './memory'

const NAMES_MIN = 96
const NAMES_MAX = 520
const PANEL_MIN = 280
const PANEL_SHARE_MAX = 0.7
const STEP = 24

const NAMES_KEY = 'ctrace.names'
const PANEL_KEY = 'ctrace.panel'

/** The layout follows in the same frame. */
function resized(): void {
  window.dispatchEvent(new Event('resize'))
}

function setNames(width: number): void {
  const kept = Math.round(Math.max(NAMES_MIN, Math.min(NAMES_MAX, width)))
  byId('timeline').style.setProperty('--head', `${kept}px`)
  remember(NAMES_KEY, String(kept))
  resized()
}

/** Below the tracks instead of beside them: css/panel.css. */
const narrow = window.matchMedia('(max-width: 1250px)')

function setPanel(size: number): void {
  const root = document.documentElement.style
  if (narrow.matches) {
    root.setProperty('--panel-height', `${Math.round(size)}px`)
  } else {
    const most = window.innerWidth * PANEL_SHARE_MAX
    const kept = Math.round(Math.max(PANEL_MIN, Math.min(most, size)))
    root.setProperty('--panel', `${kept}px`)
    remember(PANEL_KEY, String(kept))
  }
  resized()
}

function panelSize(): number {
  const rect = byId('panel').getBoundingClientRect()
  return narrow.matches ? rect.height : rect.width
}

function drag(grip: HTMLElement, onMove: (event: PointerEvent) => void): void {
  grip.addEventListener('pointerdown', event => {
    event.preventDefault()
    grip.setPointerCapture(event.pointerId)
  })
  grip.addEventListener('pointermove', event => {
    if (grip.hasPointerCapture(event.pointerId)) {
      onMove(event)
    }
  })
}

function restore(): void {
  const names = Number(remembered(NAMES_KEY))
  const panel = Number(remembered(PANEL_KEY))
  if (names > 0) {
    setNames(names)
  }
  if (panel > 0 && !narrow.matches) {
    setPanel(panel)
  }
}

export function makeGrips(app: App): void {
  drag(byId('grip'), event =>
    setNames(event.clientX - byId('timeline').getBoundingClientRect().left),
  )
  const grip = byId('panel-grip')
  drag(grip, event => {
    const rect = byId('stage').getBoundingClientRect()
    setPanel(narrow.matches ? rect.bottom - event.clientY : rect.right - event.clientX)
  })
  grip.addEventListener('keydown', event => {
    const step = {ArrowLeft: STEP, ArrowUp: STEP, ArrowRight: -STEP, ArrowDown: -STEP}[event.key]
    if (step !== undefined) {
      event.preventDefault()
      setPanel(panelSize() + step)
    }
  })
  app.on('panel', () => {
    grip.hidden = !app.isPanelOpen()
  })
  restore()
}
