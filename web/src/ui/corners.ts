// SPDX-License-Identifier: MIT
// Left of the overview and of the ruler: how much time is in sight, and from where the ruler counts.

import {formatDuration} from '../model/nanos'
import {baseLabel} from '../draw/axis'
import type {App} from './app'
import {byId, el, iconButton} from './dom'

const OPEN = 'm4 6 4-3 4 3M4 10l4 3 4-3'
const COLLAPSE = 'm4 3 4 3 4-3M4 13l4-3 4 3'

export function fillCorners(app: App): void {
  const length = el('span', {class: 'value'})
  const base = el('span', {class: 'value', title: 'The ruler counts from here'})
  byId('corner-overview').append(
    el('span', {text: 'Overview'}),
    el('span', {class: 'spring'}),
    length,
  )
  byId('corner-ruler').append(
    el('span', {text: 'Tracks'}),
    iconButton(OPEN, 'Open all tracks', () => app.setAllCollapsed(false)),
    iconButton(COLLAPSE, 'Collapse all tracks', () => app.setAllCollapsed(true)),
    el('span', {class: 'spring'}),
    base,
  )
  app.on('view', () => {
    const view = app.view()
    const [inView, from] = [formatDuration(view.scale * view.width), baseLabel(view)]
    length.textContent = `${inView} in view`
    base.textContent = from === '' ? '' : `${from} +`
  })
}
