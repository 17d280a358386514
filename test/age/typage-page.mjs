// typage in a page of real Chromium, as a partner's page would have it.
import { createServer } from 'node:http'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import puppeteer from 'puppeteer-core'
import { rollup } from 'rollup'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { portOf } from '../support/listen.mjs'

/** typage as one module, and how a page seals with it. */
async function script() {
  const entry = `import { armor, Encrypter } from 'age-encryption'
globalThis.sealed = async (to, text, isArmored) => {
  const encrypter = new Encrypter()
  for (const recipient of to) encrypter.addRecipient(recipient)
  const plaintext = Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0))
  const file = await encrypter.encrypt(plaintext)
  if (isArmored) return btoa(armor.encode(file))
  let units = ''
  for (const byte of file) units += String.fromCharCode(byte)
  return btoa(units)
}`
  const bundle = await rollup({
    input: 'entry',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) => (id === 'entry' ? entry : null),
      },
      nodeResolve({ browser: true }),
    ],
  })
  const { output } = await bundle.generate({ format: 'iife' })
  await bundle.close()
  return output[0].code
}

/** @returns what seals bytes in the page, and what ends the browser */
export async function typagePage() {
  const code = await script()
  const server = createServer((request, response) =>
    request.url === '/typage.js'
      ? response.setHeader('content-type', 'text/javascript').end(code)
      : response
          .setHeader('content-type', 'text/html')
          .end('<!doctype html><script src="/typage.js"></script>'),
  )
  const port = await portOf(server)
  const browser = await puppeteer.launch({
    executablePath: await chromiumPath(),
    args: chromiumArgs,
  })
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${port}/`)
  return {
    async seal(to, plaintext, isArmored) {
      const text = Buffer.from(plaintext).toString('base64')
      const told = JSON.stringify([to, text, isArmored])
      return Buffer.from(String(await page.evaluate(`sealed(...${told})`)), 'base64')
    },
    async close() {
      await browser.close()
      server.close()
    },
  }
}
