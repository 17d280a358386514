// The real Dashboard of Uppy in a page, by its buttons.
import { readFile } from 'node:fs/promises'

export const button = {
  upload: '.uppy-StatusBar-actionBtn--upload',
  pause: '.uppy-StatusBar-actionCircleBtn[title="Pause"]',
  resume: '.uppy-StatusBar-actionCircleBtn[title="Resume"]',
  cancel: '.uppy-StatusBar-actionCircleBtn[title="Cancel"]',
  reSelect: '.uppy-Dashboard-Item-reSelect',
  retry: '.uppy-StatusBar-actionBtn--retry',
}

/** Its styles, as one file. */
export async function dashboardStyles() {
  const styles = ['@uppy/core', '@uppy/dashboard'].map((name) =>
    readFile(new URL(import.meta.resolve(`${name}/css/style.min.css`))),
  )
  return Buffer.concat(await Promise.all(styles))
}

/** Clicks one of its buttons. @param {keyof typeof button} which */
export async function click(page, which) {
  await page.waitForSelector(button[which], { visible: true, timeout: 20_000 })
  await page.$eval(button[which], (one) => one.click())
}

/** Chooses a file, as somebody does who looks for it. */
export async function choose(page, { path }) {
  const input = await page.waitForSelector('input.uppy-Dashboard-input[type="file"]')
  await input.uploadFile(path)
}
