// SPDX-License-Identifier: MIT
import {deepEqual, equal, throws} from 'node:assert/strict'
import {test} from 'node:test'
import {tileBytes, tileMessage} from '../../dev/tiles.mjs'
import {decodeTiles, type SpanTile, type Tile} from './decode'

const spans = {
  id: 3,
  kind: 'span',
  list: [
    {start: 10, duration: 4, name: 1, index: 0},
    {start: 100, duration: 1, name: 2, index: 1},
    {start: 200, duration: 0, name: 2, index: 2},
    {start: 500, duration: 100, name: 1, index: 3, unfinished: true},
  ],
}

function message(...tiles: readonly Uint8Array[]): ArrayBuffer {
  return tileMessage(7, tiles).buffer as ArrayBuffer
}

function spanTile(tile: Tile): SpanTile {
  if (tile.kind !== 'spans') {
    throw new Error(tile.kind)
  }
  return tile
}

test('a span tile comes through whole', () => {
  const batch = decodeTiles(message(tileBytes(spans, 0, 0)))
  equal(batch.seq, 7)
  const tile = spanTile(batch.tiles[0])
  deepEqual([...tile.start], [10, 500])
  deepEqual([...tile.duration], [4, -1])
  deepEqual([...tile.index], [0, 3])
  deepEqual([...(tile.position ?? [])], [100, 200])
  deepEqual([...tile.coverage], [65535, 0])
  deepEqual([...tile.count], [1, 1])
})

test('tiles of all kinds follow each other', () => {
  const counter = {id: 4, kind: 'counter', list: [{start: 5, value: 2.5, index: 0}]}
  const instant = {id: 5, kind: 'instant', list: [{start: 9, name: 8, log: true, index: 0}]}
  const kinds = decodeTiles(
    message(
      tileBytes(spans, 2, 0),
      tileBytes(counter, 0, 0),
      tileBytes(instant, 0, 0),
      tileBytes(spans, 9, 5),
    ),
  ).tiles
  deepEqual(
    kinds.map(tile => tile.kind),
    ['spans', 'counter', 'instants', 'spans'],
  )
  equal(kinds[3].buckets, 0)
})

test('every cut of a message is refused', () => {
  const whole = message(tileBytes(spans, 1, 0))
  for (let length = 0; length < whole.byteLength; length++) {
    throws(() => decodeTiles(whole.slice(0, length)))
  }
})

test('a message that lies about a length is refused', () => {
  for (const [offset, value] of [
    [4, 1],
    [32 + 12, 8],
    [32 + 12, 0xfffffff8],
    [32 + 16, 0xffffffff],
    [32 + 20, 513],
    [12, 2],
  ]) {
    const lying = message(tileBytes(spans, 1, 0))
    new DataView(lying).setUint32(offset, value, true)
    throws(() => decodeTiles(lying))
  }
})

test('a foreign magic, version or kind is refused', () => {
  for (const offset of [0, 2, 3, 32 + 9]) {
    const foreign = message(tileBytes(spans, 1, 0))
    new DataView(foreign).setUint8(offset, 99)
    throws(() => decodeTiles(foreign))
  }
})
