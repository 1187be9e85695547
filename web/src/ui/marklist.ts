// SPDX-License-Identifier: MIT
// The marks as a list in the panel: go there, rename, remove.

import {isSameMark, type Mark} from '../model/marks'
import {formatDuration} from '../model/nanos'
import {shown} from '../model/shown'
import type {App} from './app'
import {el, ICONS, iconButton, traceText} from './dom'
import type {Marking} from './marking'

function markItem(app: App, marking: Marking, mark: Mark): HTMLElement {
  const go = el('button', {class: 'link', title: 'Go there', onClick: () => marking.goTo(mark)})
  go.type = 'button'
  go.append(traceText(mark.name))
  const length = mark.end > mark.start ? ` · ${formatDuration(mark.end - mark.start)}` : ''
  const current = app.currentMark()
  const isCurrent = current !== null && isSameMark(current, mark)
  const item = el(
    'li',
    {class: isCurrent ? 'on' : ''},
    go,
    el('span', {class: 'soft number', text: `${formatDuration(mark.start)}${length}`}),
    iconButton(ICONS.pen, `Rename ${shown(mark.name)}`, () => marking.rename(mark)),
    iconButton(ICONS.close, `Remove ${shown(mark.name)}`, () => marking.remove(mark)),
  )
  return item
}

/** Stays up to date by itself. */
export function markList(app: App, marking: Marking): HTMLElement {
  const list = el('ul', {class: 'marks'})
  const hint = el('p', {
    class: 'soft',
    text: 'None yet: M marks the selection or the pointer, Shift + M with a name.',
  })
  const root = el('section', {class: 'marks-part'}, el('h3', {text: 'Marks'}), list, hint)
  const update = (): void => {
    list.replaceChildren(...app.marks().map(mark => markItem(app, marking, mark)))
    hint.hidden = app.marks().length > 0
  }
  app.on('marks', update)
  update()
  return root
}
