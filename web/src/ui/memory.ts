// SPDX-License-Identifier: MIT
// What the page remembers of its reader from visit to visit: theme, mouse, widths. A browser that
// stores nothing still shows the page.

export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Nothing depends on it.
  }
}
