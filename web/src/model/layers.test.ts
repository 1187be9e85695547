// SPDX-License-Identifier: MIT
import {deepEqual, equal} from 'node:assert/strict'
import {test} from 'node:test'
import {formatLayers, LAYERS, layerOf, parseLayers} from './layers'

test('hidden layers survive the way through the address bar', () => {
  for (const layers of [[], ['cpus'], ['states', 'arrows'], [...LAYERS]] as const) {
    deepEqual(parseLayers(formatLayers(layers)), [...layers])
  }
})

test('what is no layer is left out', () => {
  deepEqual(parseLayers('states~constructor~~states,cpus'), ['cpus', 'states'])
})

test('spans cannot be hidden', () => {
  equal(layerOf('span'), undefined)
})
