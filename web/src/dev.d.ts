// SPDX-License-Identifier: MIT
// The made-up tiles of dev/, as the tests use them.

declare module '*/dev/tiles.mjs' {
  export function tileBytes(lane: object, level: number, number: number): Uint8Array
  export function tileMessage(seq: number, tiles: readonly Uint8Array[]): Uint8Array
}
