// SPDX-License-Identifier: MIT
// Where code stands, as one says it. Build systems compile from a folder of their own, so a path begins with steps
// upwards that mean nothing on the screen.

/** The path without its leading steps upwards, and without `./`. */
export function sourcePath(path: string): string {
  return path.replace(/^(?:\.{1,2}\/)+/, '')
}
