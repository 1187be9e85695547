// SPDX-License-Identifier: MIT
import {deepEqual, equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {byFunction, chainOf, growTree, layFlame, matchedWeight, type Node} from './flame'

// main 100: parse 30, run 60 (work 40: work 10), self 10
const NODES: readonly Node[] = [
  [-1, 0, 100, 10, 10],
  [0, 1, 30, 30, 3],
  [0, 2, 60, 20, 6],
  [2, 3, 40, 30, 4],
  [3, 3, 10, 10, 1],
]
const tree = growTree(NODES)

test('callees stand below their caller, the heaviest first, and never wider', () => {
  const boxes = layFlame(tree, -1, 0, 100)
  equal(boxes.length, NODES.length)
  const of = new Map(boxes.map(box => [box.node, box]))
  equal(of.get(2)?.left, 0)
  equal(of.get(1)?.left, 0.6)
  for (const box of boxes) {
    const parent = of.get(NODES[box.node][0])
    if (parent !== undefined) {
      equal(box.row, parent.row + 1)
      ok(box.left >= parent.left && box.left + box.width <= parent.left + parent.width + 1e-9)
    }
  }
})

test('zoomed to a function, its callers and it span the width', () => {
  const boxes = layFlame(tree, 2, 0, 100)
  deepEqual(
    boxes.map(({node, row, width}) => [node, row, width]),
    [
      [0, 0, 1],
      [2, 1, 1],
      [3, 2, 40 / 60],
      [4, 3, 10 / 60],
    ],
  )
})

test('what is too narrow or too deep is left out', () => {
  deepEqual(
    layFlame(tree, -1, 0.35, 2).map(box => box.node),
    [0, 2],
  )
})

test('a deep chain is laid out without running out of stack', () => {
  const deep = Array.from({length: 4096}, (_, at): Node => [at - 1, 0, 5, 0, 1])
  const tall = growTree(deep)
  equal(layFlame(tall, -1, 0, 5000).length, 4096)
  equal(layFlame(tall, 4000, 0, 200).length, 6 + 96)
  equal(chainOf(tall, 4095).length, 4096)
})

test('a function that calls itself counts once', () => {
  equal(
    matchedWeight(tree, node => NODES[node][1] === 3),
    40,
  )
  const work = byFunction(tree).find(one => one.named === 3)
  deepEqual(work, {named: 3, total: 40, self: 40, samples: 4})
})

test('nothing sampled is no boxes', () => {
  deepEqual(layFlame(growTree([]), -1, 0, 9), [])
})
