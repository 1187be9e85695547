// SPDX-License-Identifier: MIT
// A tree of functions as boxes: the wider, the more of the time. Zoomed to one function, its callers
// span the width and its own callees share it.

/** parent, function, total, self, samples; parents stand before their children. */
export type Node = readonly [number, number, number, number, number]

export interface Tree {
  readonly nodes: readonly Node[]
  readonly roots: readonly number[]
  /** Heaviest first. */
  readonly children: readonly (readonly number[])[]
  readonly depth: readonly number[]
  readonly total: number
}

export interface FlameBox {
  readonly node: number
  /** Rows from the top. */
  readonly row: number
  /** Shares of the width. */
  readonly left: number
  readonly width: number
}

/** Callers that stay in sight above the function that one zoomed to. */
const CALLERS = 6

export function growTree(nodes: readonly Node[]): Tree {
  const roots: number[] = []
  const children: number[][] = nodes.map(() => [])
  const depth: number[] = []
  nodes.forEach(([parent], at) => {
    depth.push(parent < 0 ? 0 : depth[parent] + 1)
    ;(parent < 0 ? roots : children[parent]).push(at)
  })
  const byWeight = (a: number, b: number): number => nodes[b][2] - nodes[a][2]
  roots.sort(byWeight)
  children.forEach(list => list.sort(byWeight))
  const total = roots.reduce((sum, root) => sum + nodes[root][2], 0)
  return {nodes, roots, children, depth, total}
}

/** From the root to the node, with the node. */
export function chainOf(tree: Tree, node: number): number[] {
  const chain: number[] = []
  for (let at = node; at >= 0; at = tree.nodes[at][0]) {
    chain.push(at)
  }
  return chain.reverse()
}

/** Boxes of at least `least` of the width, below the node zoomed to (-1: all), at most `rows` deep. */
export function layFlame(tree: Tree, zoom: number, least: number, rows: number): FlameBox[] {
  const callers = zoom < 0 ? [] : chainOf(tree, zoom).slice(0, -1).slice(-CALLERS)
  const boxes: FlameBox[] = callers.map((node, row) => ({node, row, left: 0, width: 1}))
  const whole = Math.max(zoom < 0 ? tree.total : tree.nodes[zoom][2], 1)
  const waiting: FlameBox[] = []
  const place = (nodes: readonly number[], row: number, from: number): void => {
    let left = from
    for (const node of nodes) {
      const width = tree.nodes[node][2] / whole
      if (width >= least && row < rows) {
        waiting.push({node, row, left, width})
      }
      left += width
    }
  }
  place(zoom < 0 ? tree.roots : [zoom], callers.length, 0)
  for (let box = waiting.pop(); box !== undefined; box = waiting.pop()) {
    boxes.push(box)
    place(tree.children[box.node], box.row + 1, box.left)
  }
  return boxes
}

/** Weight of the matching nodes, none counted twice when one calls another. */
export function matchedWeight(tree: Tree, isMatch: (node: number) => boolean): number {
  const isInside: boolean[] = []
  let sum = 0
  tree.nodes.forEach(([parent, , total], at) => {
    const isBelow = parent >= 0 && isInside[parent]
    const isHit = isMatch(at)
    isInside.push(isBelow || isHit)
    sum += isHit && !isBelow ? total : 0
  })
  return sum
}

export interface FunctionWeight {
  readonly named: number
  /** Once for each chain, however often it calls itself. */
  readonly total: number
  readonly self: number
  readonly samples: number
}

/** Each function once, whoever called it. */
export function byFunction(tree: Tree): FunctionWeight[] {
  const sums = new Map<number, {named: number; total: number; self: number; samples: number}>()
  const isRepeated = (parent: number, named: number): boolean => {
    for (let at = parent; at >= 0; at = tree.nodes[at][0]) {
      if (tree.nodes[at][1] === named) {
        return true
      }
    }
    return false
  }
  for (const [parent, named, total, self, samples] of tree.nodes) {
    const sum = sums.get(named) ?? {named, total: 0, self: 0, samples: 0}
    sums.set(named, sum)
    sum.self += self
    if (!isRepeated(parent, named)) {
      sum.total += total
      sum.samples += samples
    }
  }
  return [...sums.values()]
}
