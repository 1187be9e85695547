// SPDX-License-Identifier: MIT
// speedscope as its users run it: its own page, in a browser, loads the JSON; what it saved again tells what it saw.

import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {chromium} from 'playwright-core'

const page = fileURLToPath(new URL('./node_modules/speedscope/dist/release/', import.meta.url))
const types = {'.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json'}

function findBrowser() {
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const folders = (process.env.PATH ?? '').split(':')
  const paths = folders.flatMap(folder => names.map(name => path.join(folder, name)))
  return process.env.CHROMIUM ?? paths.find(candidate => fs.existsSync(candidate))
}

/** Serves speedscope's page, and the trace as /trace.json. */
async function serve(trace) {
  const server = http.createServer((request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname
    const file = name === '/trace.json' ? trace : path.join(page, path.basename(name) || 'index.html')
    if (!fs.existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, {'content-type': types[path.extname(file)] ?? 'application/octet-stream'})
    fs.createReadStream(file).pipe(response)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {server, origin: `http://127.0.0.1:${server.address().port}`}
}

/** Press save until the trace is loaded and a file comes. */
async function save(tab) {
  for (let attempt = 0; attempt < 60; attempt++) {
    const coming = tab.waitForEvent('download', {timeout: 500}).catch(() => null)
    await tab.keyboard.press('Control+s')
    const download = await coming
    if (download !== null) {
      return JSON.parse(fs.readFileSync(await download.path(), 'utf8'))
    }
  }
  throw new Error('speedscope did not load the trace within 30 seconds')
}

/** How many spans speedscope sees: sorted, one number a thread that has any. */
export async function spansInSpeedscope(trace) {
  const {server, origin} = await serve(trace)
  const args = process.getuid() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({executablePath: findBrowser(), args: [...args, '--disable-gpu']})
  try {
    const tab = await browser.newPage()
    await tab.goto(`${origin}/index.html#profileURL=${encodeURIComponent(`${origin}/trace.json`)}`)
    const saved = await save(tab)
    return saved.profiles.map(profile => profile.events.filter(event => event.type === 'O').length).sort((a, b) => a - b)
  } finally {
    await browser.close()
    server.close()
  }
}
