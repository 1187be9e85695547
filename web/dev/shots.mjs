// SPDX-License-Identifier: MIT
// Screenshots of the page for people to look at: `node dev/shots.mjs URL OUTDIR`.

import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {chromium} from 'playwright-core'

const [url, out] = process.argv.slice(2)
mkdirSync(out, {recursive: true})
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
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

async function shoot(name, width, height, theme, ratio, act) {
  const context = await browser.newContext({
    viewport: {width, height},
    deviceScaleFactor: ratio,
    colorScheme: theme,
  })
  const page = await context.newPage()
  page.on('console', message => console.log(name, message.type(), message.text()))
  page.on('pageerror', error => console.log(name, 'error', error.message))
  await page.goto(url)
  await page.evaluate(() => window.ctraceTest.ready())
  await page.waitForTimeout(400)
  if (act) {
    await act(page)
    await page.waitForTimeout(300)
    await page.evaluate(() => window.ctraceTest.ready())
  }
  await page.screenshot({path: join(out, `${name}.png`)})
  await context.close()
}

const zoomIn = async page => {
  await page.mouse.move(800, 400)
  await page.keyboard.down('Control')
  for (let i = 0; i < 12; i++) {
    await page.mouse.wheel(0, -240)
    await page.waitForTimeout(30)
  }
  await page.keyboard.up('Control')
  await page.waitForTimeout(300)
}

const selectOne = async page => {
  await zoomIn(page)
  const spans = await page.evaluate(() => window.ctraceTest.visibleSpans())
  const wide = spans
    .filter(s => s.duration > 0 && s.y > 150)
    .sort((a, b) => b.duration - a.duration)[3]
  await page.mouse.click(wide.x, wide.y)
  await page.waitForTimeout(300)
  await page.mouse.move(wide.x + 4, wide.y + 22)
}

const range = async page => {
  await page.mouse.move(600, 420)
  await page.mouse.down()
  await page.mouse.move(900, 520, {steps: 8})
  await page.mouse.up()
  await page.waitForTimeout(600)
}

const search = async page => {
  await zoomIn(page)
  await page.keyboard.press('/')
  await page.keyboard.type('db.query')
  await page.waitForTimeout(400)
  await page.keyboard.press('Enter')
  await page.waitForTimeout(400)
}

await shoot('light-whole', 1600, 1000, 'light', 1)
await shoot('dark-whole', 1600, 1000, 'dark', 1)
await shoot('light-span', 1600, 1000, 'light', 1, selectOne)
await shoot('dark-span', 1600, 1000, 'dark', 2, selectOne)
await shoot('small-light', 1100, 700, 'light', 1, selectOne)
await shoot('small-dark-range', 1100, 700, 'dark', 1, range)
await shoot('light-search', 1600, 1000, 'light', 1, search)
await shoot('light-help', 1600, 1000, 'light', 1, page => page.keyboard.press('?'))
await browser.close()
