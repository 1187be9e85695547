// SPDX-License-Identifier: MIT
// What a function of a flame is called.

import {briefName} from '../model/function_name'
import {sourcePath} from '../model/source_path'
import type {FlameFunction} from '../wire/api'

export interface FlameName {
  readonly name: string
  /** Of a name with all that C++ puts into it: what one says. */
  readonly brief: string
  readonly file: string
  readonly module: string
}

/** What stands for no function is said whole: `[not looked at]`. */
function isNoFunction(name: string): boolean {
  return name.startsWith('[') && name.endsWith(']')
}

/** What a position in `functions` stands for; the server may not know, and a liar may point nowhere. */
export function functionName(
  {functions}: {readonly functions: readonly (FlameFunction | undefined)[]},
  named: number,
): FlameName {
  const found = functions[named]
  const module = found?.module ?? ''
  const name = found?.function ?? ''
  const last = module.slice(module.lastIndexOf('/') + 1)
  const fallback = last === '' ? '(unknown)' : `(in ${last})`
  const file = sourcePath(found?.file ?? '')
  return name === ''
    ? {name: fallback, brief: fallback, file, module}
    : {name, brief: isNoFunction(name) ? name : briefName(name), file, module}
}
