// SPDX-License-Identifier: MIT
// What the page's tests share: the browser, `ctrace view` processes, and a page that reports
// everything it should not do.

import {spawn} from 'node:child_process'
import {createRequire} from 'node:module'

const {chromium} = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core')

export const PATIENCE_MS = 30_000

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    timeout: PATIENCE_MS,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** Starts `ctrace view` and waits for its URL; `stop` ends it as Ctrl-C does. */
export async function serve(ctrace, file) {
  const child = spawn(ctrace, ['view', '--no-open', file], {stdio: ['ignore', 'pipe', 'pipe']})
  let text = ''
  const ended = new Promise(done => child.once('exit', done))
  const url = await new Promise((found, failed) => {
    const look = chunk => {
      text += chunk
      const match = /http:\/\/\S+#token=[0-9a-f]{32}/.exec(text)
      if (match !== null) {
        found(match[0])
      }
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.once('exit', code => failed(new Error(`ctrace view ended with ${code}: ${text}`)))
    setTimeout(() => failed(new Error(`no URL from ctrace view: ${text}`)), PATIENCE_MS).unref()
  })
  return {
    url,
    stop: () => {
      child.kill('SIGINT')
      return ended
    },
  }
}

/** A page on `url`; `page.problems` collects dialogs, errors, policy reports and foreign requests. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({
    viewport: {width: 1400, height: 900},
    colorScheme: 'light',
    reducedMotion: 'reduce',
    acceptDownloads: true,
    ...options,
  })
  const page = await context.newPage()
  const home = new URL(url).host
  page.setDefaultTimeout(PATIENCE_MS)
  page.problems = []
  page.on('dialog', dialog => {
    page.problems.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', error => page.problems.push(`error: ${error.message}`))
  page.on('console', message => {
    if (message.type() === 'error' && !page.isConnectionGone) {
      page.problems.push(`console: ${message.text()}`)
    }
  })
  page.on('request', request => {
    const to = new URL(request.url())
    if (to.host !== home && to.protocol !== 'blob:' && to.protocol !== 'data:') {
      page.problems.push(`request to ${request.url()}`)
    }
  })
  await page.addInitScript(() => {
    window.policyReports = []
    document.addEventListener('securitypolicyviolation', event =>
      window.policyReports.push(`${event.violatedDirective}: ${event.blockedURI}`),
    )
  })
  await page.goto(url)
  return page
}

/** Until `condition` holds in the page. (Playwright's own waiting evaluates text, which the page's policy forbids.) */
export async function until(page, condition, argument) {
  const end = Date.now() + PATIENCE_MS
  while (!(await page.evaluate(condition, argument))) {
    if (Date.now() > end) {
      throw new Error(`never came true: ${condition}`)
    }
    await page.waitForTimeout(20)
  }
}

/** Until the picture is exact and has rested. */
export async function settled(page) {
  await until(page, () => window.ctraceTest !== undefined)
  await page.evaluate(() => window.ctraceTest.ready())
  await page.waitForTimeout(120)
  await page.evaluate(() => window.ctraceTest.ready())
}

export const stateOf = page => page.evaluate(() => window.ctraceTest.state())
export const spansOf = page => page.evaluate(() => window.ctraceTest.visibleSpans())

/** Ctrl and the wheel, at a place of the window. */
export async function wheelZoom(page, x, y, notches) {
  await page.mouse.move(x, y)
  await page.keyboard.down('Control')
  for (let i = 0; i < Math.abs(notches); i++) {
    await page.mouse.wheel(0, notches < 0 ? -200 : 200)
    await page.waitForTimeout(20)
  }
  await page.keyboard.up('Control')
  await settled(page)
}

/** Everything the page should not have done. */
export async function problemsOf(page) {
  return [...page.problems, ...(await page.evaluate(() => window.policyReports))]
}
