// SPDX-License-Identifier: MIT
// Keys held down: zoom and pan run off the frame's time with a short ease-in; the first tap moves
// a fixed small amount. No easing for people who asked their system for less motion.

import type {App} from './app'
import type {Stage} from './stage'

export interface Motion {
  readonly press: (key: 'in' | 'out' | 'left' | 'right', isFast: boolean) => void
  readonly release: (key: 'in' | 'out' | 'left' | 'right') => void
  readonly releaseAll: () => void
}

const TAP_PIXELS = 50
const TAP_ZOOM = 1.12
/** Pixels and zoom (as a power of e) per second at full speed. */
const PAN_SPEED = 1500
const ZOOM_SPEED = 2.6
/** Milliseconds until a held key moves, and until it moves at full speed. */
const DELAY_MS = 140
const EASE_MS = 260
const FAST = 3

export function makeMotion(app: App, stage: Stage, anchor: () => number): Motion {
  const held = new Map<string, {readonly isFast: boolean; age: number}>()
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)')

  const move = (key: string, amount: number): void => {
    switch (key) {
      case 'in':
        return app.zoom(Math.exp(-amount * ZOOM_SPEED), anchor())
      case 'out':
        return app.zoom(Math.exp(amount * ZOOM_SPEED), anchor())
      case 'left':
        return app.pan(-amount * PAN_SPEED)
      default:
        return app.pan(amount * PAN_SPEED)
    }
  }

  stage.beforeFrame(elapsed => {
    for (const [key, state] of held) {
      state.age += elapsed
      const running = state.age - DELAY_MS
      if (running > 0) {
        const ease = calm.matches ? 1 : Math.min(1, running / EASE_MS)
        move(key, (elapsed / 1000) * ease * (state.isFast ? FAST : 1))
      }
    }
    return held.size > 0
  })

  const tap = (key: string, isFast: boolean): void => {
    const times = isFast ? FAST : 1
    const isZoom = key === 'in' || key === 'out'
    move(key, isZoom ? (Math.log(TAP_ZOOM) / ZOOM_SPEED) * times : (TAP_PIXELS / PAN_SPEED) * times)
  }

  return {
    press: (key, isFast) => {
      if (!held.has(key)) {
        held.set(key, {isFast, age: 0})
        tap(key, isFast)
        stage.invalidateOverlay()
      }
    },
    release: key => {
      held.delete(key)
    },
    releaseAll: () => held.clear(),
  }
}
