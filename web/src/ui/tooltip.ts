// SPDX-License-Identifier: MIT
// What the pointer is over, beside the pointer; from tile data, in the same frame.

import {callAt, type Probe} from '../draw/probe'
import type {App} from './app'
import {byId, el, traceText} from './dom'
import {sayHit} from './words'

const AWAY = 14

export function makeTooltip(app: App): void {
  const tip = byId('tooltip')
  let shownFor = ''
  let x = 0
  let y = 0

  const place = (): void => {
    const rect = tip.getBoundingClientRect()
    const left = x + AWAY + rect.width > window.innerWidth ? x - AWAY - rect.width : x + AWAY
    const top = y + AWAY + rect.height > window.innerHeight ? y - AWAY - rect.height : y + AWAY
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`
  }

  /** The call that the state under the pointer is in. */
  const callUnder = ({hit, row}: Probe): string | null => {
    const scene = app.scene()
    return scene !== null && hit.type === 'span'
      ? callAt(scene, row.track.id, hit.start, hit.start + hit.duration)
      : null
  }

  const update = (): void => {
    const probe = app.probe()
    const opened = app.opened()
    const said =
      probe === null || opened === null ? null : sayHit(opened.trace, probe.hit, callUnder(probe))
    if (said === null) {
      tip.hidden = true
      shownFor = ''
      return
    }
    const key = `${said.title}\n${said.facts}`
    if (key !== shownFor) {
      shownFor = key
      tip.replaceChildren(
        traceText(said.title, 'title'),
        el('div', {class: 'facts', text: said.facts}),
      )
    }
    tip.hidden = false
    place()
  }
  window.addEventListener('pointermove', event => {
    x = event.clientX
    y = event.clientY
    if (!tip.hidden) {
      place()
    }
  })
  app.on('hover', update)
}
