// SPDX-License-Identifier: MIT
// Builds the page: `node build.mjs OUTDIR [DEPFILE]` writes index.html, app.js, app.css and
// icon.svg, and for ninja what they were made from.

import {copyFileSync, mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const [out, depfile] = process.argv.slice(2)
if (out === undefined) {
  console.error('usage: node build.mjs OUTDIR [DEPFILE]')
  process.exit(2)
}

mkdirSync(out, {recursive: true})
const target = ['chrome100', 'firefox102', 'safari15']

async function bundle(entry, extra) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: {app: entry},
    outdir: resolve(out),
    bundle: true,
    minify: true,
    target,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    ...extra,
  })
  return Object.keys(result.metafile.inputs)
}

const inputs = [
  ...(await bundle('src/main.ts', {format: 'iife'})),
  ...(await bundle('src/app.css', {})),
  'src/index.html',
  'src/icon.svg',
  'build.mjs',
]
for (const name of ['index.html', 'icon.svg']) {
  copyFileSync(join(here, 'src', name), join(out, name))
}
if (depfile !== undefined) {
  const paths = inputs.map(path => join(here, path).replaceAll(' ', '\\ '))
  const outputs = ['index.html', 'app.js', 'app.css', 'icon.svg'].map(name => join(out, name))
  writeFileSync(depfile, `${outputs.join(' ')}: ${paths.join(' ')}\n`)
}
