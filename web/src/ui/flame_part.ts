// SPDX-License-Identifier: MIT
// Where time on a CPU went, or memory, by functions: a flame graph that zooms, searches and walks by
// key, and the same as a table.

import {byFunction, chainOf, growTree, layFlame, matchedWeight, type Tree} from '../model/flame'
import {formatShare} from '../model/quantity'
import {shown} from '../model/shown'
import {faded, makePalette, swatchOf} from '../draw/colour'
import {drawFlame, FLAME_ROW, flameAt, type FlamePicture} from '../draw/flame_boxes'
import {makeLabels} from '../draw/text'
import type {Theme} from '../draw/theme'
import {button, el, traceText} from './dom'
import {functionName, type FlameName} from './flame_name'
import type {FlameContent} from './flame_content'
import {flameTable} from './flametable'

/** Rows that are drawn at once; deeper ones come into sight by zooming. */
const ROWS_MAX = 160

interface FlameState {
  zoom: number
  hovered: number
  text: string
}

function factsOf(flame: FlameContent, tree: Tree, node: number): HTMLElement {
  const [, named, total, self, samples] = tree.nodes[node]
  const {name, brief, file, module} = functionName(flame, named)
  const share = formatShare(total / Math.max(flame.weight, 1))
  const {words} = flame
  const own = self > 0 ? `, ${words.weight(self)} in itself` : ''
  const spread = flame.spread?.(node) ?? 0
  const range = spread > 0 ? ` ± ${words.weight(spread)}` : ''
  const figures = `${share} · ${words.weight(total)}${range}${own} · ${words.counted(samples)}`
  const where = [file, module].filter(part => part !== '').join(' · ')
  return el(
    'div',
    {},
    traceText(brief, 'strong'),
    el('div', {class: 'soft', text: figures}),
    traceText(where, 'where soft'),
    ...(brief === name ? [] : [traceText(name, 'where soft')]),
  )
}

const WALK_KEYS = new Set(['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Enter', ' '])

/** The node that a key goes to, from the one that is marked. */
function walked(tree: Tree, from: number, key: string): number {
  if (from < 0) {
    return tree.roots[0] ?? -1
  }
  const parent = tree.nodes[from][0]
  const siblings = parent < 0 ? tree.roots : tree.children[parent]
  const at = siblings.indexOf(from)
  switch (key) {
    case 'ArrowUp':
      return parent < 0 ? from : parent
    case 'ArrowDown':
      return tree.children[from][0] ?? from
    case 'ArrowLeft':
      return siblings[at - 1] ?? from
    default:
      return siblings[at + 1] ?? from
  }
}

/** The graph alone: canvas, keys, pointer. */
function flameCanvas(
  flame: FlameContent,
  tree: Tree,
  theme: Theme,
  state: FlameState,
  onChange: () => void,
): {readonly canvas: HTMLCanvasElement; readonly draw: () => void} {
  const canvas = el('canvas', {class: 'flame', role: 'img', label: 'Flame graph'})
  canvas.tabIndex = 0
  const ctx = canvas.getContext('2d')
  const labels = makeLabels()
  const palette = makePalette(theme.isDark)
  const grey = faded(theme.isDark)
  let picture: FlamePicture | null = null
  const known = flame.functions.map((_, named) => functionName(flame, named))
  const names = (node: number): FlameName =>
    known[tree.nodes[node][1]] ?? functionName(flame, tree.nodes[node][1])

  const nameOf = (node: number): string => names(node).brief
  const isMatch = (node: number): boolean => names(node).name.toLowerCase().includes(state.text)
  const swatch = (node: number): (typeof palette)[number] =>
    node === flame.unseen || (state.text !== '' && !isMatch(node))
      ? grey
      : palette[swatchOf(names(node).name)]

  const draw = (): void => {
    const width = canvas.parentElement?.clientWidth ?? 0
    if (ctx === null || width === 0) {
      return
    }
    const pixelRatio = window.devicePixelRatio || 1
    const boxes = layFlame(tree, state.zoom, 0.5 / width, ROWS_MAX)
    const rows = boxes.reduce((most, box) => Math.max(most, box.row + 1), 1)
    canvas.width = Math.round(width * pixelRatio)
    canvas.height = Math.round(rows * FLAME_ROW * pixelRatio)
    canvas.style.width = `${width}px`
    canvas.style.height = `${rows * FLAME_ROW}px`
    const {hovered} = state
    picture = {boxes, width, pixelRatio, theme, labels, hovered, nameOf, swatchOf: swatch}
    drawFlame(ctx, picture)
  }

  const under = (event: MouseEvent): number => {
    const rect = canvas.getBoundingClientRect()
    const at = {x: event.clientX - rect.left, y: event.clientY - rect.top}
    return picture === null ? -1 : (flameAt(picture, at.x, at.y)?.node ?? -1)
  }
  const hover = (node: number): void => {
    if (node !== state.hovered) {
      state.hovered = node
      onChange()
    }
  }
  const zoom = (node: number): void => {
    state.zoom = node === state.zoom ? tree.nodes[node][0] : node
    onChange()
  }
  canvas.addEventListener('pointermove', event => hover(under(event)))
  canvas.addEventListener('pointerleave', () => hover(-1))
  canvas.addEventListener('click', event => {
    const node = under(event)
    if (node >= 0) {
      zoom(node)
    }
  })
  canvas.addEventListener('keydown', event => {
    if (!WALK_KEYS.has(event.key) && !(event.key === 'Escape' && state.zoom >= 0)) {
      return
    }
    event.preventDefault()
    event.stopPropagation()
    if (event.key === 'Escape') {
      state.zoom = -1
      onChange()
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (state.hovered >= 0) {
        zoom(state.hovered)
      }
    } else {
      hover(walked(tree, state.hovered, event.key))
    }
  })
  new ResizeObserver(draw).observe(canvas)
  return {canvas, draw}
}

function crumbs(
  flame: FlameContent,
  tree: Tree,
  state: FlameState,
  go: (node: number) => void,
): HTMLElement {
  const bar = el('div', {class: 'crumbs'})
  if (state.zoom >= 0) {
    bar.append(button('All', 'Zoom out (Esc)', () => go(-1), 'link'))
    for (const node of chainOf(tree, state.zoom).slice(-3)) {
      const {name} = functionName(flame, tree.nodes[node][1])
      bar.append(
        ' › ',
        button(shown(name), shown(name), () => go(node), 'link'),
      )
    }
  }
  return bar
}

/** Functions and what they weigh as a graph, with a table behind a button. */
export function flamePart(flame: FlameContent, theme: Theme): HTMLElement {
  const root = el('div', {class: 'flame-part'})
  if (flame.nodes.length === 0) {
    root.append(el('p', {class: 'soft', text: flame.empty}))
    return root
  }
  const tree = growTree(flame.nodes)
  const state: FlameState = {zoom: -1, hovered: -1, text: ''}
  const facts = el('div', {class: 'flame-facts'})
  const path = el('div')
  const found = el('span', {class: 'soft'})
  const update = (): void => {
    drawing.draw()
    const marked = state.hovered >= 0 ? state.hovered : state.zoom
    facts.replaceChildren(
      marked < 0
        ? el('div', {class: 'soft', text: 'Click a function to zoom to it.'})
        : factsOf(flame, tree, marked),
    )
    path.replaceChildren(
      crumbs(flame, tree, state, node => {
        state.zoom = node
        update()
      }),
    )
  }
  const drawing = flameCanvas(flame, tree, theme, state, update)
  const search = el('input', {class: 'filter', label: 'Find a function'})
  search.type = 'search'
  search.placeholder = 'Find a function'
  search.addEventListener('input', () => {
    state.text = search.value.trim().toLowerCase()
    const isMatch = (node: number): boolean =>
      functionName(flame, tree.nodes[node][1]).name.toLowerCase().includes(state.text)
    const share = matchedWeight(tree, isMatch) / Math.max(flame.weight, 1)
    found.textContent = state.text === '' ? '' : formatShare(share)
    update()
  })
  const graph = el('div', {class: 'flame-scroll'}, drawing.canvas)
  const table = el('div', {class: 'scroll'})
  table.hidden = true
  const toggle = button('As a table', 'Functions by their own and their total time', () => {
    table.hidden = !table.hidden
    graph.hidden = !table.hidden
    facts.hidden = !table.hidden
    toggle.textContent = table.hidden ? 'As a table' : 'As a graph'
    if (!table.hidden && table.firstChild === null) {
      table.append(flameTable(flame, byFunction(tree)).root)
    }
    update()
  })
  root.append(
    ...(flame.summary === '' ? [] : [el('p', {class: 'soft', text: flame.summary})]),
    el('div', {class: 'actions'}, search, found, toggle),
    path,
    graph,
    facts,
    table,
  )
  // Once it stands in the document it has a width.
  requestAnimationFrame(update)
  return root
}
