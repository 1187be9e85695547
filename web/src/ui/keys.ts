// SPDX-License-Identifier: MIT
// The keyboard. Letters go by their place on the keyboard, symbols by what they produce; nothing
// fires while a text field has the focus, nor with a modifier that is not listed, so the browser's
// own shortcuts stay.

import type {Actions} from './actions'
import type {App} from './app'
import type {Find} from './find'
import type {Motion} from './motion'
import type {Walk} from './walk'

const HELD: Readonly<Record<string, 'in' | 'out' | 'left' | 'right'>> = {
  KeyW: 'in',
  KeyS: 'out',
  KeyA: 'left',
  KeyD: 'right',
}

function isTyping(target: EventTarget | null): boolean {
  const isField =
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  // A dialog that was just closed keeps the focus until the next frame.
  return isField && target.closest('dialog:not([open])') === null
}

/** By what the key produces. */
const SYMBOLS: Readonly<Record<string, string>> = {
  '/': 'search',
  '?': 'help',
  '.': 'next',
  ',': 'previous',
  ']': 'flowNext',
  '[': 'flowBack',
  '+': 'zoomIn',
  '=': 'zoomIn',
  '-': 'zoomOut',
  '0': 'fit',
  Home: 'fit',
  F1: 'palette',
  F3: 'hitNext',
  PageDown: 'pageDown',
  PageUp: 'pageUp',
  Delete: 'markRemove',
}

/** By its place. */
const LETTERS: Readonly<Record<string, string>> = {
  KeyF: 'focus',
  KeyQ: 'panel',
  KeyG: 'goToTime',
  KeyP: 'pin',
  KeyR: 'asRange',
  KeyH: 'sameName',
  KeyM: 'mark',
  KeyN: 'markNext',
  KeyU: 'waker',
  KeyC: 'cpu',
  KeyX: 'arrows',
  KeyO: 'bands',
  Digit1: 'cpus',
  Digit2: 'states',
  Digit3: 'samples',
  Digit4: 'memory',
}

const SHIFTED: Readonly<Record<string, string>> = {
  F3: 'hitBack',
  KeyT: 'pin',
  KeyM: 'markNamed',
  KeyN: 'markBack',
}

const CONTROLS: Readonly<Record<string, string>> = {
  KeyZ: 'back',
  KeyY: 'forward',
  KeyF: 'search',
  KeyA: 'all',
  KeyP: 'goToTrack',
  ArrowUp: 'zoomIn',
  ArrowDown: 'zoomOut',
  Home: 'top',
}

const CONTROLS_SHIFTED: Readonly<Record<string, string>> = {KeyZ: 'forward', KeyP: 'palette'}

const ALTS: Readonly<Record<string, string>> = {ArrowUp: 'parent', ArrowDown: 'child'}

/** The action of a key; undefined leaves it to the browser. */
function nameFor(event: KeyboardEvent): string | undefined {
  const isControl = event.ctrlKey || event.metaKey
  if (isControl) {
    const table = event.shiftKey ? CONTROLS_SHIFTED : CONTROLS
    return event.altKey ? undefined : table[event.code]
  }
  if (event.altKey) {
    return event.shiftKey ? undefined : ALTS[event.code]
  }
  const shifted = event.shiftKey ? SHIFTED[event.code] : undefined
  return shifted ?? SYMBOLS[event.key] ?? (event.shiftKey ? undefined : LETTERS[event.code])
}

export interface KeyParts {
  readonly find: Find
  readonly motion: Motion
  readonly walk: Walk
  readonly isSpaceHeld: {current: boolean}
  /** False if none was open. */
  readonly closeDialog: () => boolean
}

export function makeKeys(app: App, actions: Actions, parts: KeyParts): void {
  const {find, motion, walk, isSpaceHeld} = parts

  const escape = (): void => {
    if (parts.closeDialog()) {
      return
    }
    if (app.selection() !== null) {
      app.select(null)
      return
    }
    find.clear()
  }

  /** Keys that only mean something among the lanes. */
  const walks: Readonly<Record<string, () => void>> = {
    Escape: escape,
    ArrowUp: () => walk.lane(-1),
    ArrowDown: () => walk.lane(1),
    ArrowRight: () => walk.sideways(1),
    ArrowLeft: () => walk.sideways(-1),
    Enter: () => walk.enter(),
  }

  const actionOf = (event: KeyboardEvent): (() => void) | undefined => {
    const name = nameFor(event)
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey
    return name === undefined ? (isPlain ? walks[event.key] : undefined) : actions[name]?.run
  }

  const isButton = (target: EventTarget | null): boolean =>
    target instanceof HTMLButtonElement ||
    target instanceof HTMLAnchorElement ||
    (target instanceof HTMLElement && target.tagName === 'SUMMARY')

  window.addEventListener('keydown', event => {
    if (event.defaultPrevented || app.opened() === null) {
      return
    }
    if (document.querySelector('dialog[open]') !== null) {
      // Ours, not the browser's: it closes a dialog later, and would swallow the next key.
      if (event.key === 'Escape') {
        event.preventDefault()
        parts.closeDialog()
      }
      return
    }
    if (isTyping(event.target)) {
      if (event.key === 'F3') {
        event.preventDefault()
        find.step(event.shiftKey ? -1 : 1)
      }
      return
    }
    if (isButton(event.target) && (event.key === 'Enter' || event.key === ' ')) {
      return
    }
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey
    if (isPlain && event.code === 'Space') {
      isSpaceHeld.current = true
      event.preventDefault()
      return
    }
    const held = HELD[event.code]
    if (isPlain && held !== undefined) {
      event.preventDefault()
      motion.press(held, event.shiftKey)
      return
    }
    const action = actionOf(event)
    if (action !== undefined) {
      event.preventDefault()
      action()
    }
  })
  window.addEventListener('keyup', event => {
    if (event.code === 'Space') {
      isSpaceHeld.current = false
    }
    const held = HELD[event.code]
    if (held !== undefined) {
      motion.release(held)
    }
  })
  window.addEventListener('blur', () => {
    isSpaceHeld.current = false
    motion.releaseAll()
  })
}
