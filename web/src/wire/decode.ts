// SPDX-License-Identifier: MIT
// Binary messages to tiles: typed arrays over the message's own bytes, nothing is copied. The
// layout is the last section of viewer-server/API.md. A message that lies about its lengths is
// refused whole.

import type {Nanos} from '../model/nanos'

export const TILE_BUCKETS = 512

/** API.md: the coarsest tiles there are. */
export const LEVEL_MAX = 50

const MAGIC = 0x5443
const VERSION = 1
const TYPE_TILES = 1
const HEADER = 32
const FLAG_DENSE = 1
const FLAG_LONG_UNIT = 2

/** Flags of one real event. */
export const REAL = {
  continues: 1,
  unfinished: 2,
  beganBefore: 4,
  hasArgs: 8,
  hasFlows: 16,
  systemCall: 32,
  libraryCall: 64,
} as const

const KIND_OF_CALL = REAL.systemCall | REAL.libraryCall

/** A collector's work has both flags of calls. */
export function isCollector(flags: number): boolean {
  return (flags & KIND_OF_CALL) === KIND_OF_CALL
}

export function isCall(flags: number): boolean {
  return (flags & KIND_OF_CALL) !== 0 && !isCollector(flags)
}

/** Flags of one bucket of instants. */
export const INSTANT = {allLogs: 1, someLogs: 2} as const

interface TileKey {
  readonly lane: number
  readonly level: number
  readonly number: number
  readonly bytes: number
  /** Buckets present; `position` says which (null: all 512). */
  readonly buckets: number
  readonly position: Uint16Array | null
}

export interface SpanTile extends TileKey {
  readonly kind: 'spans'
  readonly real: number
  readonly start: Float64Array
  readonly duration: Float64Array
  readonly index: Uint32Array
  readonly name: Uint32Array
  readonly flags: Uint16Array
  /** 65535 is full. */
  readonly coverage: Uint16Array
  readonly count: Uint32Array
  readonly longest: Uint32Array
  /** What one unit of `longest` is. */
  readonly longestUnit: Nanos
  readonly longestIndex: Uint32Array
  readonly longestName: Uint32Array
}

export interface InstantTile extends TileKey {
  readonly kind: 'instants'
  readonly time: Float64Array
  readonly flags: Uint16Array
  readonly count: Uint32Array
  readonly firstIndex: Uint32Array
  readonly firstName: Uint32Array
}

export interface CounterTile extends TileKey {
  readonly kind: 'counter'
  /** The value before the tile; NaN if there is none. */
  readonly before: number
  readonly min: Float64Array
  readonly max: Float64Array
  readonly first: Float64Array
  readonly last: Float64Array
  readonly mean: Float64Array
  readonly samples: Uint32Array
}

export type Tile = SpanTile | InstantTile | CounterTile

export interface TileBatch {
  readonly seq: number
  readonly generation: number
  readonly tiles: readonly Tile[]
}

export function bucketWidth(level: number): Nanos {
  return 2 ** level
}

export function tileWidth(level: number): Nanos {
  return TILE_BUCKETS * 2 ** level
}

export function tileStart(tile: {readonly level: number; readonly number: number}): Nanos {
  return tile.number * tileWidth(tile.level)
}

/** Hands out one column after the other, each at a multiple of eight bytes. */
interface Columns {
  readonly f64: (count: number) => Float64Array
  readonly u32: (count: number) => Uint32Array
  readonly u16: (count: number) => Uint16Array
}

function columnsOf(buffer: ArrayBuffer, from: number, end: number): Columns {
  let at = from
  const take = (size: number): number => {
    const begin = at
    if (begin + size > end) {
      throw new Error(`tile column of ${size} bytes at ${begin}, the tile ends at ${end}`)
    }
    at = (begin + size + 7) & ~7
    return begin
  }
  return {
    f64: count => new Float64Array(buffer, take(count * 8), count),
    u32: count => new Uint32Array(buffer, take(count * 4), count),
    u16: count => new Uint16Array(buffer, take(count * 2), count),
  }
}

interface TileHeader {
  readonly lane: number
  readonly level: number
  readonly number: number
  readonly bytes: number
  readonly kind: number
  readonly flags: number
  readonly real: number
  readonly buckets: number
}

function headerAt(view: DataView, at: number): TileHeader {
  if (at + HEADER > view.byteLength) {
    throw new Error(`tile header at ${at}, the message ends at ${view.byteLength}`)
  }
  const header = {
    lane: view.getUint32(at, true),
    number: view.getUint32(at + 4, true),
    level: view.getUint8(at + 8),
    kind: view.getUint8(at + 9),
    flags: view.getUint16(at + 10, true),
    bytes: view.getUint32(at + 12, true),
    real: view.getUint32(at + 16, true),
    buckets: view.getUint32(at + 20, true),
  }
  if (header.bytes < HEADER || header.bytes % 8 !== 0 || at + header.bytes > view.byteLength) {
    throw new Error(`tile of ${header.bytes} bytes at ${at}, the message has ${view.byteLength}`)
  }
  if (header.level > LEVEL_MAX) {
    throw new Error(`tile of level ${header.level} at ${at}, the limit is ${LEVEL_MAX}`)
  }
  if (header.buckets > TILE_BUCKETS) {
    throw new Error(`tile with ${header.buckets} buckets at ${at}, the limit is ${TILE_BUCKETS}`)
  }
  return header
}

function spanTile(header: TileHeader, columns: Columns): SpanTile {
  const {real: n, buckets: m, flags: tileFlags} = header
  const start = columns.f64(n)
  const duration = columns.f64(n)
  checkTimes(start)
  const bad = duration.findIndex(value => !Number.isFinite(value))
  if (bad >= 0) {
    throw new Error(`duration ${duration[bad]} at place ${bad}`)
  }
  const index = columns.u32(n)
  const name = columns.u32(n)
  const flags = columns.u16(n)
  const position = (tileFlags & FLAG_DENSE) !== 0 ? null : columns.u16(m)
  return {
    ...keyOf(header, position),
    kind: 'spans',
    real: n,
    start,
    duration,
    index,
    name,
    flags,
    coverage: columns.u16(m),
    count: columns.u32(m),
    longest: columns.u32(m),
    longestIndex: columns.u32(m),
    longestName: columns.u32(m),
    longestUnit: (tileFlags & FLAG_LONG_UNIT) !== 0 ? 1024 : 1,
  }
}

function instantTile(header: TileHeader, columns: Columns): InstantTile {
  const m = header.buckets
  const time = columns.f64(m)
  checkTimes(time)
  const position = (header.flags & FLAG_DENSE) !== 0 ? null : columns.u16(m)
  return {
    ...keyOf(header, position),
    kind: 'instants',
    time,
    flags: columns.u16(m),
    count: columns.u32(m),
    firstIndex: columns.u32(m),
    firstName: columns.u32(m),
  }
}

function counterTile(header: TileHeader, columns: Columns): CounterTile {
  const m = header.buckets
  const before = columns.f64(1)[0]
  const min = columns.f64(m)
  const max = columns.f64(m)
  const first = columns.f64(m)
  const last = columns.f64(m)
  const mean = columns.f64(m)
  const position = (header.flags & FLAG_DENSE) !== 0 ? null : columns.u16(m)
  const samples = columns.u32(m)
  return {...keyOf(header, position), kind: 'counter', before, min, max, first, last, mean, samples}
}

/** Ascending, as the searches in them need, and inside the tile. */
function checkPositions(position: Uint16Array): void {
  for (let i = 0; i < position.length; i++) {
    if (position[i] >= TILE_BUCKETS || (i > 0 && position[i] <= position[i - 1])) {
      throw new Error(`bucket ${position[i]} at place ${i} of a tile of ${TILE_BUCKETS}`)
    }
  }
}

/** Times that are numbers, in order. */
function checkTimes(times: Float64Array): void {
  for (let i = 0; i < times.length; i++) {
    if (!Number.isFinite(times[i]) || (i > 0 && times[i] < times[i - 1])) {
      throw new Error(`time ${times[i]} at place ${i}`)
    }
  }
}

function keyOf(header: TileHeader, position: Uint16Array | null): TileKey {
  if (position === null && header.buckets !== TILE_BUCKETS) {
    throw new Error(`dense tile with ${header.buckets} buckets instead of ${TILE_BUCKETS}`)
  }
  if (position !== null) {
    checkPositions(position)
  }
  const {lane, level, number, bytes, buckets} = header
  return {lane, level, number, bytes, buckets, position}
}

function tileOf(buffer: ArrayBuffer, header: TileHeader, at: number): Tile {
  const columns = columnsOf(buffer, at + HEADER, at + header.bytes)
  switch (header.kind) {
    case 1:
      return spanTile(header, columns)
    case 2:
      return instantTile(header, columns)
    case 3:
      return counterTile(header, columns)
    default:
      throw new Error(`tile of kind ${header.kind}`)
  }
}

/** Every tile of a message; throws with one line when the message breaks the contract. */
export function decodeTiles(buffer: ArrayBuffer): TileBatch {
  const view = new DataView(buffer)
  if (buffer.byteLength < HEADER || view.getUint16(0, true) !== MAGIC) {
    throw new Error(`not a tile message: ${buffer.byteLength} bytes`)
  }
  if (view.getUint8(2) !== VERSION || view.getUint8(3) !== TYPE_TILES) {
    throw new Error(`message version ${view.getUint8(2)}, type ${view.getUint8(3)}`)
  }
  if (view.getUint32(4, true) !== buffer.byteLength) {
    throw new Error(`message says ${view.getUint32(4, true)} bytes and has ${buffer.byteLength}`)
  }
  const tiles: Tile[] = []
  const count = view.getUint32(12, true)
  let at = HEADER
  for (let i = 0; i < count; i++) {
    const header = headerAt(view, at)
    tiles.push(tileOf(buffer, header, at))
    at += header.bytes
  }
  if (at !== buffer.byteLength) {
    throw new Error(`message of ${buffer.byteLength} bytes, its ${count} tiles end at ${at}`)
  }
  return {seq: view.getUint32(8, true), generation: view.getUint32(16, true), tiles}
}
