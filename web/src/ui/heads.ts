// SPDX-License-Identifier: MIT
// The names beside the lanes: only those in sight are in the document, and they move in the same
// frame as the picture. A tall track's name stays in sight, and so does its group's bar.

import {formatAmount, formatCount, formatPlural, formatShort} from '../model/quantity'
import {shown} from '../model/shown'
import {hasCharts, nameOf, type Track} from '../model/trace'
import {GROUP_HEIGHT, rowsBetween, TRACK_GAP, type LaneBox, type Row} from '../model/tracks'
import {extentOf} from '../draw/counters'
import type {App} from './app'
import {byId, el, icon, ICONS, iconButton, traceText} from './dom'

const LABEL_HEIGHT = 22

interface Head {
  readonly root: HTMLElement
  readonly label: HTMLElement
  readonly row: Row
}

function kindWord(track: Track): string {
  return track.kind === 'cpus' ? 'processors' : track.kind
}

function describe(track: Track): string {
  const id = track.kind === 'thread' ? `, thread ${track.tid}` : ''
  const lost = track.lost > 0 ? `, ${formatPlural(track.lost, 'event')} lost` : ''
  return `${kindWord(track)} ${track.label}${id}, ${formatPlural(track.events, 'event')}${lost}`
}

function caret(row: Row): HTMLElement {
  const made = el('span', {class: row.isCollapsed ? 'caret closed' : 'caret'})
  made.append(icon(ICONS.down))
  return made
}

function groupBar(app: App, row: Row): HTMLElement {
  const {track} = row
  const threads = (app.opened()?.trace.tracks ?? []).filter(
    other => other.parent === track.id && other.kind === 'thread',
  )
  const facts = [
    track.pid > 0 ? `pid ${track.pid}` : '',
    formatPlural(threads.length, 'thread'),
    `${formatShort(track.events)} events`,
  ].filter(part => part !== '')
  const bar = el(
    'div',
    {class: 'group', title: describe(track)},
    caret(row),
    traceText(track.label, 'name'),
  )
  bar.append(el('span', {class: 'facts', text: facts.join('  ·  ')}))
  bar.addEventListener('click', () => app.toggleCollapsed(track.id))
  return bar
}

function counterLabel(app: App, row: Row, box: LaneBox): HTMLElement {
  const trace = app.opened()?.trace
  const label = el('div', {class: 'counter-name'})
  if (trace !== undefined) {
    label.append(traceText(nameOf(trace, box.lane.name), 'name'))
    const [low, high] = extentOf(box)
    const {unit, is_estimate: isEstimate} = box.lane
    const amount = (value: number): string => formatAmount(value, unit)
    const about = isEstimate === true ? '≈\u202f' : ''
    const range = `${about}${amount(box.lane.min ?? 0)} – ${amount(box.lane.max ?? 0)}`
    const more = isEstimate === true ? ', estimated' : ''
    label.title = `${shown(nameOf(trace, box.lane.name))}: ${range}${more}`
    label.append(
      el('span', {class: 'sub', text: range}),
      el('span', {class: 'axis high', text: amount(high)}),
      el('span', {class: 'axis low', text: amount(low)}),
    )
  }
  label.style.top = `${box.top - row.top}px`
  label.style.height = `${box.height}px`
  return label
}

function cpuLabel(row: Row, box: LaneBox, text = `CPU ${box.lane.cpu ?? ''}`): HTMLElement {
  const label = el('div', {class: 'cpu-name', text})
  label.style.top = `${box.top - row.top}px`
  label.style.height = `${box.height}px`
  return label
}

/** Of a collector's pauses, and of its collections, however many lanes they take. */
function workLabels(row: Row): HTMLElement[] {
  const words = {pause: 'pauses', cycle: 'collections'} as const
  return (['pause', 'cycle'] as const).flatMap(kind => {
    const box = row.boxes.find(one => one.lane.kind === kind)
    return box === undefined ? [] : [cpuLabel(row, box, words[kind])]
  })
}

function lostBadge(track: Track): HTMLElement {
  const text = `${formatShort(track.lost)} lost`
  return el('span', {
    class: 'badge lost',
    text,
    title: `${formatCount(track.lost)} events of this thread were lost`,
  })
}

function trackHead(app: App, row: Row): Head {
  const {track} = row
  const label = el('div', {class: 'label'}, caret(row), traceText(track.label, 'name'))
  if (track.kind === 'thread') {
    label.append(el('span', {class: 'sub', text: String(track.tid)}))
  }
  if (track.lost > 0) {
    label.append(lostBadge(track))
  }
  const pin = iconButton(ICONS.pin, row.isPinned ? 'Unpin (P)' : 'Pin to the top (P)', () =>
    app.togglePinned(track.id),
  )
  pin.classList.add('pin')
  pin.classList.toggle('on', row.isPinned)
  pin.tabIndex = -1
  pin.addEventListener('click', event => event.stopPropagation())
  label.append(pin)
  const charts = hasCharts(track) ? ' charts' : ''
  const root = el('div', {class: `head ${track.kind}${charts}`, title: describe(track)}, label)
  if (hasCharts(track) && !row.isCollapsed) {
    root.append(...row.boxes.map(box => counterLabel(app, row, box)))
  }
  if (track.kind === 'collector' && !row.isCollapsed) {
    const counters = row.boxes.filter(box => box.lane.kind === 'counter')
    root.append(...counters.map(box => counterLabel(app, row, box)), ...workLabels(row))
  }
  if (track.kind === 'cpus' && !row.isCollapsed) {
    root.append(...row.boxes.map(box => cpuLabel(row, box)))
  }
  root.addEventListener('click', () => app.toggleCollapsed(track.id))
  return {root, label, row}
}

function makeHead(app: App, row: Row): Head {
  const head = row.isGroup
    ? ((root: HTMLElement) => ({root, label: root, row}))(groupBar(app, row))
    : trackHead(app, row)
  head.root.setAttribute('role', 'treeitem')
  head.root.setAttribute('aria-expanded', String(!row.isCollapsed))
  head.root.setAttribute('aria-level', row.isGroup ? '1' : '2')
  head.root.setAttribute('aria-label', describe(row.track))
  head.root.style.height = `${row.height + (row.isGroup ? 0 : TRACK_GAP)}px`
  return head
}

export function makeHeads(app: App): {readonly update: () => void} {
  const parent = byId('heads')
  const sticky = byId('sticky')
  let heads = new Map<Row, Head>()
  let stickyRow: Row | null = null

  const rebuild = (rows: readonly Row[]): void => {
    const next = new Map<Row, Head>()
    for (const row of rows) {
      next.set(row, heads.get(row) ?? makeHead(app, row))
    }
    for (const [row, head] of heads) {
      if (!next.has(row)) {
        head.root.remove()
      }
    }
    for (const head of next.values()) {
      if (head.root.parentNode === null) {
        parent.append(head.root)
      }
    }
    heads = next
  }

  const place = (head: Head, scrollTop: number, covered: number): void => {
    const {row} = head
    head.root.style.transform = `translateY(${row.top - scrollTop}px)`
    if (!row.isGroup && row.height > LABEL_HEIGHT) {
      const hidden = Math.max(0, scrollTop + covered - row.top)
      const shift = Math.min(hidden, row.height - LABEL_HEIGHT)
      head.label.style.transform = `translateY(${shift}px)`
    }
    const isFocused = row.boxes.some(box => box.lane.id === app.focusedLane())
    head.root.classList.toggle('focused', isFocused)
  }

  const groupOf = (row: Row | undefined): Row | null =>
    row === undefined || row.isGroup ? null : (app.layout().rowOfTrack.get(row.group) ?? null)

  const updateSticky = (first: Row | undefined): number => {
    const group = groupOf(first)
    if (group !== stickyRow) {
      stickyRow = group
      sticky.replaceChildren(...(group === null ? [] : [groupBar(app, group)]))
    }
    return group === null ? 0 : GROUP_HEIGHT
  }

  const update = (): void => {
    const scene = app.scene()
    if (scene === null) {
      return
    }
    const rows = rowsBetween(scene.layout, scene.scrollTop, scene.scrollTop + scene.height)
    rebuild(rows)
    const covered = updateSticky(rows[0])
    for (const head of heads.values()) {
      place(head, scene.scrollTop, covered)
    }
  }

  const forget = (): void => {
    for (const head of heads.values()) {
      head.root.remove()
    }
    heads = new Map()
    stickyRow = null
    sticky.replaceChildren()
  }
  app.on('trace', forget)
  app.on('names', forget)
  return {update}
}

/** A native scrollbar, so that it looks and feels like every other one; it follows the app's place. */
export function makeScrollbar(app: App): {readonly update: () => void} {
  const bar = byId('scrollbar')
  const spacer = bar.firstElementChild as HTMLElement
  let expected = 0
  bar.addEventListener('scroll', () => {
    if (Math.abs(bar.scrollTop - expected) > 1) {
      app.scrollTo(bar.scrollTop)
    }
  })
  return {
    update: () => {
      const height = `${app.layout().height + 24}px`
      if (spacer.style.height !== height) {
        spacer.style.height = height
      }
      expected = app.scrollTop()
      if (Math.abs(bar.scrollTop - expected) > 1) {
        bar.scrollTop = expected
        expected = bar.scrollTop
      }
    },
  }
}
