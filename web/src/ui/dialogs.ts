// SPDX-License-Identifier: MIT
// Small dialogs: "go to a time", and a name. The focus stays inside while one is open and returns
// where it was (the browser's <dialog> does that). We close them ourselves: the browser does it a
// moment later, and the next key would go astray.

import {parseTime} from '../model/nanos'
import type {App} from './app'
import {el} from './dom'

export function dialog(className: string): HTMLDialogElement {
  const made = el('dialog', {class: className})
  made.addEventListener('click', event => {
    if (event.target === made) {
      made.close()
    }
  })
  document.body.append(made)
  return made
}

/** One line of text; `open` proposes one and says what to do with the answer. */
export function makeAsk(label: string): {
  readonly open: (proposed: string, onDone: (text: string) => void) => void
} {
  const box = dialog('ask')
  const input = el('input', {label})
  input.spellcheck = false
  input.maxLength = 80
  let done: (text: string) => void = () => undefined
  const form = el('form', {}, el('label', {}, `${label} `, input))
  form.method = 'dialog'
  form.addEventListener('submit', event => {
    event.preventDefault()
    box.close()
    done(input.value.trim())
  })
  box.append(form)
  return {
    open: (proposed, onDone) => {
      done = onDone
      input.value = proposed
      box.showModal()
      input.select()
    },
  }
}

export function makeGoTo(app: App): {readonly open: () => void} {
  const box = dialog('goto')
  const input = el('input', {label: 'Time'})
  input.placeholder = '1.25 s, 300us, +20us'
  input.spellcheck = false
  const hint = el('p', {
    class: 'soft',
    text: 'From the beginning of the trace; with + or − from the left edge.',
  })
  const form = el('form', {}, el('label', {}, 'Go to ', input), hint)
  form.method = 'dialog'
  box.append(form)
  form.addEventListener('submit', event => {
    const view = app.view()
    const time = parseTime(input.value, view.start)
    event.preventDefault()
    if (time === null) {
      hint.textContent = 'Not a time. Try 1.25 s, 300us, or +20us.'
      hint.className = 'remark'
      return
    }
    box.close()
    app.setView({...view, start: time - (view.scale * view.width) / 2})
  })
  return {
    open: () => {
      input.value = ''
      box.showModal()
      input.focus()
    },
  }
}

export function closeAnyDialog(): boolean {
  const open = document.querySelector<HTMLDialogElement>('dialog[open]')
  open?.close()
  return open !== null
}
