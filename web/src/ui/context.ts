// SPDX-License-Identifier: MIT
// The right button: what can be done with what lies under the pointer.

import {LAYER_TITLES, layerOf} from '../model/layers'
import {nameOf} from '../model/trace'
import type {Hit, Probe} from '../draw/probe'
import type {Actions} from './actions'
import type {App} from './app'
import {el} from './dom'
import type {Find} from './find'

type Item = readonly [text: string, keys: string, run: () => void]

export interface ContextMenu {
  readonly open: (x: number, y: number, probe: Probe | null) => void
  /** False if it was not open. */
  readonly close: () => boolean
}

/** The one event that is meant, and its name: of merged ones the longest. */
function meant(
  hit: Hit,
): {readonly lane: number; readonly index: number; readonly name: number} | null {
  switch (hit.type) {
    case 'span':
    case 'instant':
      return {lane: hit.lane, index: hit.index, name: hit.name}
    case 'bucket':
      return hit.longest < 0
        ? null
        : {lane: hit.lane, index: hit.longestIndex, name: hit.longestName}
    default:
      return null
  }
}

export function makeContextMenu(app: App, find: Find, actions: () => Actions): ContextMenu {
  const menu = el('div', {class: 'menu context', role: 'menu'})
  menu.hidden = true
  document.body.append(menu)
  let before: Element | null = null

  const close = (): boolean => {
    const was = !menu.hidden
    menu.hidden = true
    if (was && before instanceof HTMLElement) {
      before.focus()
    }
    return was
  }

  const action = (name: string): Item => {
    const {title, keys, run} = actions()[name]
    return [title, keys, run]
  }

  const itemsFor = (probe: Probe | null): Item[] => {
    const trace = app.opened()?.trace
    const items: Item[] = []
    const event = probe === null ? null : meant(probe.hit)
    const isGap = event !== null && trace?.laneById.get(event.lane)?.kind === 'gap'
    if (event !== null && trace !== undefined) {
      const isOne = probe?.hit.type !== 'bucket'
      const which = isOne ? 'it' : 'the longest of these'
      items.push([
        `Select ${which}`,
        isOne ? 'Click' : '',
        () => app.selectEvent(event.lane, event.index),
      ])
      items.push([
        `Zoom to ${which}`,
        'Double click',
        () => app.selectEvent(event.lane, event.index, true),
      ])
      if (!isGap) {
        const name = nameOf(trace, event.name)
        items.push(['All like this', 'H', () => find.searchFor(name)])
        items.push([
          'Copy its name',
          '',
          () => void navigator.clipboard.writeText(name).catch(() => undefined),
        ])
      }
    }
    if (app.selection() !== null) {
      items.push(action('focus'))
    }
    const detail = app.detail()
    if (detail?.state?.waker !== undefined) {
      items.push(action('waker'))
    }
    if (detail?.state?.cpu !== undefined || detail?.turn !== undefined) {
      items.push(action('cpu'))
    }
    items.push(action('mark'), action('markNamed'))
    if (probe !== null && !probe.row.isGroup) {
      const {track, isPinned, isCollapsed} = probe.row
      items.push([
        isPinned ? 'Let this track go' : 'Pin this track to the top',
        'P',
        () => app.togglePinned(track.id),
      ])
      items.push([
        isCollapsed ? 'Open this track' : 'Collapse this track',
        '',
        () => app.toggleCollapsed(track.id),
      ])
    }
    const layer = layerOf(probe?.box?.lane.kind ?? 'span')
    if (layer !== undefined) {
      items.push([
        `Hide: ${LAYER_TITLES[layer]}`,
        actions()[layer].keys,
        () => app.toggleLayer(layer),
      ])
    }
    items.push(action('fit'))
    return items
  }

  const focusNext = (direction: 1 | -1): void => {
    const all = [...menu.children] as HTMLElement[]
    const here = all.indexOf(document.activeElement as HTMLElement)
    all[(here + direction + all.length) % all.length]?.focus()
  }

  menu.addEventListener('keydown', event => {
    const direction = {ArrowDown: 1, ArrowUp: -1}[event.key]
    if (direction !== undefined) {
      event.preventDefault()
      focusNext(direction as 1 | -1)
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault()
      close()
    }
    event.stopPropagation()
  })
  document.addEventListener('pointerdown', event => {
    if (!menu.contains(event.target as Node)) {
      menu.hidden = true
    }
  })
  window.addEventListener('blur', () => (menu.hidden = true))

  return {
    close,
    open: (x, y, probe) => {
      before = document.activeElement
      menu.replaceChildren(
        ...itemsFor(probe).map(([text, keys, run]) => {
          const item = el(
            'button',
            {role: 'menuitem'},
            el('span', {text}),
            el('span', {class: 'note', text: keys}),
          )
          item.type = 'button'
          item.addEventListener('click', () => {
            close()
            run()
          })
          return item
        }),
      )
      menu.hidden = false
      const {width, height} = menu.getBoundingClientRect()
      menu.style.left = `${Math.max(4, Math.min(x, window.innerWidth - width - 4))}px`
      menu.style.top = `${Math.max(4, Math.min(y, window.innerHeight - height - 4))}px`
      ;(menu.firstElementChild as HTMLElement | null)?.focus()
    },
  }
}
