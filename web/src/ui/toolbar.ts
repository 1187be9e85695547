// SPDX-License-Identifier: MIT
// The bar at the top: which trace, search, and a button for each thing one does most.

import {LAYERS, LAYER_TITLES} from '../model/layers'
import {formatDuration} from '../model/nanos'
import {formatShort} from '../model/quantity'
import type {Actions} from './actions'
import type {App} from './app'
import {byId, el, icon, ICONS, iconButton, traceText} from './dom'
import type {Find} from './find'

interface Entry {
  readonly text: string
  readonly run: () => void
  /** Of what is on or off; the menu stays open then. */
  readonly isOn?: () => boolean
  readonly keys?: string
}

function menuItem(entry: Entry, updates: (() => void)[], onChosen: () => void): HTMLButtonElement {
  const {isOn} = entry
  const sign = el('span', {class: 'check'})
  const item = el(
    'button',
    {role: isOn === undefined ? 'menuitem' : 'menuitemcheckbox'},
    ...(isOn === undefined ? [] : [sign]),
    entry.text,
    ...(entry.keys === undefined ? [] : [el('span', {class: 'note', text: entry.keys})]),
  )
  item.type = 'button'
  const update = (): void => {
    if (isOn !== undefined) {
      sign.textContent = isOn() ? '✓' : ''
      item.setAttribute('aria-checked', String(isOn()))
    }
  }
  updates.push(update)
  item.addEventListener('click', () => {
    if (isOn === undefined) {
      onChosen()
    }
    entry.run()
    update()
  })
  return item
}

function menu(title: string, path: string, items: readonly Entry[]): HTMLElement {
  const list = el('div', {class: 'menu', role: 'menu'})
  list.hidden = true
  const updates: (() => void)[] = []
  const opener = iconButton(path, title, () => {
    list.hidden = !list.hidden
    updates.forEach(update => update())
    opener.setAttribute('aria-expanded', String(!list.hidden))
    if (!list.hidden) {
      ;(list.firstElementChild as HTMLElement).focus()
    }
  })
  opener.setAttribute('aria-haspopup', 'menu')
  for (const entry of items) {
    list.append(
      menuItem(entry, updates, () => {
        list.hidden = true
        opener.focus()
      }),
    )
  }
  const root = el('div', {class: 'menu-of'}, opener, list)
  document.addEventListener('pointerdown', event => {
    if (!root.contains(event.target as Node)) {
      list.hidden = true
    }
  })
  root.addEventListener('keydown', event => {
    if (event.key === 'Escape' && !list.hidden) {
      event.stopPropagation()
      list.hidden = true
      opener.focus()
    }
  })
  return root
}

export function makeToolbar(app: App, find: Find, theme: HTMLElement, actions: Actions): void {
  const back = iconButton(ICONS.back, 'Back (Ctrl+Z)', () => app.go(-1))
  const forward = iconButton(ICONS.forward, 'Forward (Ctrl+Y)', () => app.go(1))
  const middle = (): number => app.view().width / 2
  const title = el('div', {class: 'title'})
  const logo = el('img', {class: 'logo'})
  logo.src = '/icon.svg'
  logo.alt = ''
  const panel = iconButton(ICONS.panel, 'Details (Q)', () => app.togglePanel())
  const fit = el(
    'button',
    {title: 'Show the whole trace (0)', onClick: () => app.fit()},
    icon(ICONS.fit),
  )
  const layers = menu(
    'What is shown',
    ICONS.layers,
    LAYERS.map(layer => ({
      text: LAYER_TITLES[layer],
      keys: actions[layer].keys,
      run: actions[layer].run,
      isOn: () => !app.hidden().has(layer),
    })),
  )
  fit.className = 'icon'
  fit.setAttribute('aria-label', 'Show the whole trace')
  byId('toolbar').replaceChildren(
    logo,
    title,
    find.root,
    el(
      'div',
      {class: 'buttons', role: 'toolbar', label: 'View'},
      back,
      forward,
      el('span', {class: 'gap'}),
      iconButton(ICONS.minus, 'Zoom out (S)', () => app.zoom(1.6, middle())),
      fit,
      iconButton(ICONS.plus, 'Zoom in (W)', () => app.zoom(1 / 1.6, middle())),
      el('span', {class: 'gap'}),
      layers,
      menu('Download Chrome JSON', ICONS.download, [
        {text: 'Chrome JSON: whole trace', run: actions.saveAll.run},
        {text: 'Chrome JSON: what is in view', run: actions.saveView.run},
      ]),
      theme,
      panel,
      iconButton(ICONS.help, 'Keys and mouse (?)', actions.help.run),
    ),
  )
  const update = (): void => {
    back.disabled = !app.canGo(-1)
    forward.disabled = !app.canGo(1)
    panel.classList.toggle('on', app.isPanelOpen())
  }
  app.on('view', update)
  app.on('selection', update)
  app.on('panel', update)
  update()
  app.on('trace', () => {
    const facts = app.opened()?.trace.facts
    if (facts !== undefined) {
      const size = `${formatShort(facts.events)} events · ${formatDuration(facts.duration)}`
      title.replaceChildren(traceText(facts.name, 'name'), el('span', {class: 'soft', text: size}))
      document.title = 'ctrace'
    }
  })
}
