// SPDX-License-Identifier: MIT
// Making elements. Text goes in as text only.

import {shown} from '../model/shown'

export interface Options {
  readonly class?: string
  readonly id?: string
  readonly text?: string
  readonly title?: string
  readonly role?: string
  readonly label?: string
  readonly onClick?: (event: MouseEvent) => void
}

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: Options = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (options.class !== undefined) {
    element.className = options.class
  }
  if (options.id !== undefined) {
    element.id = options.id
  }
  if (options.text !== undefined) {
    element.textContent = options.text
  }
  if (options.title !== undefined) {
    element.title = options.title
  }
  if (options.role !== undefined) {
    element.setAttribute('role', options.role)
  }
  if (options.label !== undefined) {
    element.setAttribute('aria-label', options.label)
  }
  if (options.onClick !== undefined) {
    element.addEventListener('click', options.onClick as EventListener)
  }
  element.append(...children)
  return element
}

/** Text that comes from a trace: visible whatever it holds, and it never turns its surroundings. */
export function traceText(text: string, className = ''): HTMLElement {
  return el('bdi', {class: `from-trace ${className}`.trim(), text: shown(text)})
}

export function button(
  label: string,
  title: string,
  onClick: () => void,
  className = '',
): HTMLButtonElement {
  const made = el('button', {class: className, text: label, title, onClick})
  made.type = 'button'
  return made
}

export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id)
  if (found === null) {
    throw new Error(`the page has no #${id}`)
  }
  return found as T
}

export function replaceChildren(parent: Element, ...children: readonly (Node | string)[]): void {
  parent.replaceChildren(...children)
}

const SVG = 'http://www.w3.org/2000/svg'

/** A 16 x 16 line icon from path data of our own. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 16 16')
  svg.setAttribute('width', '16')
  svg.setAttribute('height', '16')
  svg.setAttribute('aria-hidden', 'true')
  const line = document.createElementNS(SVG, 'path')
  line.setAttribute('d', path)
  line.setAttribute('fill', 'none')
  line.setAttribute('stroke', 'currentColor')
  line.setAttribute('stroke-width', '1.5')
  line.setAttribute('stroke-linecap', 'round')
  line.setAttribute('stroke-linejoin', 'round')
  svg.append(line)
  return svg
}

export function iconButton(path: string, title: string, onClick: () => void): HTMLButtonElement {
  const made = el('button', {class: 'icon', title, label: title, onClick}, icon(path))
  made.type = 'button'
  return made
}

export const ICONS = {
  back: 'M10 3 5 8l5 5',
  forward: 'm6 3 5 5-5 5',
  minus: 'M3 8h10',
  plus: 'M3 8h10M8 3v10',
  fit: 'M2 4v8M14 4v8M4 8h8M6 6 4 8l2 2M10 6l2 2-2 2',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  moon: 'M13.2 9.6A5.7 5.7 0 0 1 6.4 2.8a5.7 5.7 0 1 0 6.8 6.8Z',
  auto: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM8 2.2v11.6M8 5l4.8-.2M8 8h5.8M8 11l4.8.2',
  download: 'M8 2.5v7.5M5 7.5l3 3 3-3M3 13.5h10',
  help: 'M6 6a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4M8 11.8v.1M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8Z',
  panel: 'M2.5 3h11v10h-11zM9.8 3v10',
  search: 'M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4ZM10.2 10.2l3.3 3.3',
  up: 'm3.5 10 4.5-4.5L12.5 10',
  down: 'M3.5 6 8 10.5 12.5 6',
  close: 'm4 4 8 8M12 4l-8 8',
  pin: 'M6 2.5h4l-.4 4L12 9H4l2.4-2.5zM8 9v4.5',
  pen: 'm3 13 .6-2.8 7.2-7.2 2.2 2.2-7.2 7.2zM9.6 4.2l2.2 2.2',
  layers: 'M8 2.2 14 5.5 8 8.8 2 5.5zM2.6 8.3 8 11.3l5.4-3M2.6 11 8 14l5.4-3',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
} as const
