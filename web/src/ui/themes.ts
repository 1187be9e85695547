// SPDX-License-Identifier: MIT
// Light, dark, or what the system says; remembered.

import type {App} from './app'
import {ICONS, iconButton} from './dom'
import {remember, remembered} from './memory'

type Choice = 'auto' | 'light' | 'dark'

const KEY = 'ctrace.theme'
const NEXT: Readonly<Record<Choice, Choice>> = {auto: 'light', light: 'dark', dark: 'auto'}
const ICON: Readonly<Record<Choice, string>> = {
  auto: ICONS.auto,
  light: ICONS.sun,
  dark: ICONS.moon,
}

function stored(): Choice {
  const value = remembered(KEY)
  return value === 'light' || value === 'dark' ? value : 'auto'
}

export function makeThemes(app: App): HTMLButtonElement {
  const system = window.matchMedia('(prefers-color-scheme: dark)')
  let choice = stored()
  const toggle = iconButton(ICON[choice], '', () => {
    choice = NEXT[choice]
    remember(KEY, choice)
    apply()
  })
  const apply = (): void => {
    const isDark = choice === 'dark' || (choice === 'auto' && system.matches)
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
    toggle.querySelector('path')?.setAttribute('d', ICON[choice])
    const title = choice === 'auto' ? 'Theme: as the system' : `Theme: ${choice}`
    toggle.title = title
    toggle.setAttribute('aria-label', title)
    app.setTheme(isDark)
  }
  system.addEventListener('change', apply)
  apply()
  return toggle
}
