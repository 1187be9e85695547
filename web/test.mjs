// SPDX-License-Identifier: MIT
// Runs every src/**/*.test.ts with node's own test runner, after bundling each with esbuild.

import {spawnSync} from 'node:child_process'
import {mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))

function testsIn(folder) {
  return readdirSync(join(here, folder), {withFileTypes: true}).flatMap(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? testsIn(path) : path.endsWith('.test.ts') ? [path] : []
  })
}

function built(folder) {
  return readdirSync(folder, {withFileTypes: true})
    .flatMap(entry =>
      entry.isDirectory() ? built(join(folder, entry.name)) : [join(folder, entry.name)],
    )
    .filter(path => path.endsWith('.test.mjs'))
    .sort()
}

const out = mkdtempSync(join(tmpdir(), 'ctrace-web-test-'))
await build({
  absWorkingDir: here,
  entryPoints: testsIn('src'),
  outdir: out,
  outExtension: {'.js': '.mjs'},
  bundle: true,
  format: 'esm',
  platform: 'node',
  sourcemap: 'inline',
  logLevel: 'warning',
})
const files = built(out)
const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], {
  stdio: 'inherit',
})
rmSync(out, {recursive: true, force: true})
process.exit(run.status ?? 1)
