// SPDX-License-Identifier: MIT
// Parts of the picture that one can do without: each can be hidden, and the address says so.

import type {LaneKind} from './trace'

export const LAYERS = ['cpus', 'states', 'samples', 'memory', 'arrows', 'bands'] as const

export type Layer = (typeof LAYERS)[number]

export type Hidden = ReadonlySet<Layer>

export const LAYER_TITLES: Readonly<Record<Layer, string>> = {
  cpus: 'CPU lanes',
  states: 'Thread states',
  samples: 'Samples',
  memory: 'Memory',
  arrows: 'Arrows: flows and wake-ups',
  bands: 'Pauses over all tracks',
}

const LAYER_OF: Readonly<Partial<Record<LaneKind, Layer>>> = {
  cpu: 'cpus',
  state: 'states',
  sample: 'samples',
}

/** The layer a lane stands in; undefined if it is always there. */
export function layerOf(kind: LaneKind): Layer | undefined {
  return LAYER_OF[kind]
}

function isLayer(text: string): text is Layer {
  return (LAYERS as readonly string[]).includes(text)
}

/** `cpus~states`, in the order of the list whatever the order was; what is none is left out. */
export function parseLayers(text: string): Layer[] {
  const named = new Set(text.split(/[~,]/).filter(isLayer))
  return LAYERS.filter(layer => named.has(layer))
}

export function formatLayers(layers: Iterable<Layer>): string {
  const named = new Set(layers)
  return LAYERS.filter(layer => named.has(layer)).join('~')
}
