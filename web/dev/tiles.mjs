// SPDX-License-Identifier: MIT
// Tiles of made-up lanes by brute force, as viewer-server/API.md lays them out.

const BUCKETS = 512

function column(Type, values) {
  const bytes = new Uint8Array(new Type(values).buffer)
  const padded = new Uint8Array((bytes.length + 7) & ~7)
  padded.set(bytes)
  return padded
}

function lowerBound(list, time) {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle].start < time) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}

function spanColumns(lane, level, number) {
  const width = 2 ** level
  const t0 = number * BUCKETS * width
  const t1 = t0 + BUCKETS * width
  const real = []
  const buckets = new Map()
  const bucket = position => {
    if (!buckets.has(position)) {
      buckets.set(position, {busy: 0, count: 0, longest: 0, index: 0, name: 0, has: false})
    }
    return buckets.get(position)
  }
  let first = lowerBound(lane.list, t0)
  while (first > 0 && lane.list[first - 1].start + lane.list[first - 1].duration > t0) {
    first--
  }
  for (let i = first; i < lane.list.length && lane.list[i].start < t1; i++) {
    const event = lane.list[i]
    if (event.duration >= 2 * width) {
      real.push(event)
      continue
    }
    const end = event.start + event.duration
    if (event.start >= t0) {
      const b = bucket(Math.floor((event.start - t0) / width))
      b.count++
      if (!b.has || event.duration > b.longest) {
        Object.assign(b, {longest: event.duration, index: event.index, name: event.name, has: true})
      }
    }
    for (
      let p = Math.floor((Math.max(event.start, t0) - t0) / width);
      p < BUCKETS && t0 + p * width < end;
      p++
    ) {
      const overlap = Math.min(end, t0 + (p + 1) * width) - Math.max(event.start, t0 + p * width)
      if (overlap > 0) {
        bucket(p).busy += overlap
      }
    }
  }
  const at = [...buckets.keys()].sort((a, b) => a - b)
  const list = at.map(p => buckets.get(p))
  const coverage = list.map(b => {
    const value = Math.round((b.busy / width) * 65535)
    return b.busy === 0 ? 0 : b.busy >= width ? 65535 : Math.min(65534, Math.max(1, value))
  })
  const longUnit = list.some(b => b.longest > 0xffffffff)
  const flag = e => (e.start < t0 ? 1 : 0) | (e.unfinished ? 2 : 0) | (e.args ? 8 : 0)
  return {
    kind: 1,
    flags: longUnit ? 2 : 0,
    n: real.length,
    m: list.length,
    columns: [
      column(
        Float64Array,
        real.map(e => e.start),
      ),
      column(
        Float64Array,
        real.map(e => (e.unfinished ? -1 : e.duration)),
      ),
      column(
        Uint32Array,
        real.map(e => e.index),
      ),
      column(
        Uint32Array,
        real.map(e => e.name),
      ),
      column(Uint16Array, real.map(flag)),
      column(Uint16Array, at),
      column(Uint16Array, coverage),
      column(
        Uint32Array,
        list.map(b => b.count),
      ),
      column(
        Uint32Array,
        list.map(b => (longUnit ? Math.ceil(b.longest / 1024) : b.longest)),
      ),
      column(
        Uint32Array,
        list.map(b => b.index),
      ),
      column(
        Uint32Array,
        list.map(b => b.name),
      ),
    ],
  }
}

function grouped(lane, level, number) {
  const width = 2 ** level
  const t0 = number * BUCKETS * width
  const groups = new Map()
  for (
    let i = lowerBound(lane.list, t0);
    i < lane.list.length && lane.list[i].start < t0 + BUCKETS * width;
    i++
  ) {
    const position = Math.floor((lane.list[i].start - t0) / width)
    groups.set(position, [...(groups.get(position) ?? []), lane.list[i]])
  }
  return {at: [...groups.keys()], groups: [...groups.values()], t0, width}
}

function instantColumns(lane, level, number) {
  const {at, groups} = grouped(lane, level, number)
  return {
    kind: 2,
    flags: 0,
    n: 0,
    m: at.length,
    columns: [
      column(
        Float64Array,
        groups.map(g => g[0].start),
      ),
      column(Uint16Array, at),
      column(
        Uint16Array,
        groups.map(g => (g.every(e => e.log) ? 1 : g.some(e => e.log) ? 2 : 0)),
      ),
      column(
        Uint32Array,
        groups.map(g => g.length),
      ),
      column(
        Uint32Array,
        groups.map(g => g[0].index),
      ),
      column(
        Uint32Array,
        groups.map(g => g[0].name),
      ),
    ],
  }
}

function counterColumns(lane, level, number) {
  const {at, groups, t0, width} = grouped(lane, level, number)
  const before = lowerBound(lane.list, t0)
  let value = before > 0 ? lane.list[before - 1].value : NaN
  const first = value
  const means = groups.map((g, i) => {
    let sum = 0
    let time = 0
    let from = t0 + at[i] * width
    for (const e of g) {
      if (!Number.isNaN(value)) {
        sum += value * (e.start - from)
        time += e.start - from
      }
      value = e.value
      from = e.start
    }
    const rest = t0 + (at[i] + 1) * width - from
    return (sum + value * rest) / Math.max(1e-9, time + rest)
  })
  return {
    kind: 3,
    flags: 0,
    n: 0,
    m: at.length,
    columns: [
      column(Float64Array, [first]),
      column(
        Float64Array,
        groups.map(g => Math.min(...g.map(e => e.value))),
      ),
      column(
        Float64Array,
        groups.map(g => Math.max(...g.map(e => e.value))),
      ),
      column(
        Float64Array,
        groups.map(g => g[0].value),
      ),
      column(
        Float64Array,
        groups.map(g => g[g.length - 1].value),
      ),
      column(Float64Array, means),
      column(Uint16Array, at),
      column(
        Uint32Array,
        groups.map(g => g.length),
      ),
    ],
  }
}

export function tileBytes(lane, level, number) {
  const make = {counter: counterColumns, instant: instantColumns}[lane.kind] ?? spanColumns
  const tile = make(lane, level, number)
  const length = 32 + tile.columns.reduce((sum, c) => sum + c.length, 0)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, lane.id, true)
  view.setUint32(4, number, true)
  view.setUint8(8, level)
  view.setUint8(9, tile.kind)
  view.setUint16(10, tile.flags, true)
  view.setUint32(12, length, true)
  view.setUint32(16, tile.n, true)
  view.setUint32(20, tile.m, true)
  let at = 32
  for (const c of tile.columns) {
    bytes.set(c, at)
    at += c.length
  }
  return bytes
}

export function tileMessage(seq, tiles) {
  const length = 32 + tiles.reduce((sum, tile) => sum + tile.length, 0)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0x5443, true)
  view.setUint8(2, 1)
  view.setUint8(3, 1)
  view.setUint32(4, length, true)
  view.setUint32(8, seq, true)
  view.setUint32(12, tiles.length, true)
  view.setUint32(16, 1, true)
  let at = 32
  for (const tile of tiles) {
    bytes.set(tile, at)
    at += tile.length
  }
  return bytes
}
