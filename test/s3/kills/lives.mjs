// Who sends a file, and can be ended in the middle: a process of Node, or a tab of Chromium. Both go
// on with the same records when they are begun again.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { launches } from '../page-world.mjs'

const sender = fileURLToPath(new URL('sender.mjs', import.meta.url))

/**
 * @typedef {object} Life
 * @property {Promise<any>} over - how it ended; undefined where it was killed
 * @property {() => Promise<unknown>} end
 */

/** Processes of Node, whose records lie in a folder. */
export function nodeLives(world) {
  const folder = join(world.folder, `records-${randomUUID()}`)
  return {
    folder,
    /** @returns {Promise<Life>} */
    async begin({ path }, o = {}) {
      const { pages, site } = world
      const given = { site, build: pages.build.href, path, folder, ...o }
      const child = spawn(process.execPath, [sender, JSON.stringify(given)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const gone = once(child, 'exit')
      const said = text(child.stdout).then((line) => (line ? JSON.parse(line) : undefined))
      const end = async () => {
        child.kill('SIGKILL')
        await gone
      }
      return { over: Promise.all([said, gone]).then(([outcome]) => outcome), end }
    },
    unfinished: () => readdir(folder),
    close: async () => {},
  }
}

const told = 'globalThis.page.told'
const isOver = `["done", "failed"].includes(${told}.state)`

export async function openTab(world, session, query = {}) {
  const page = await session.newPage()
  await page.goto(`${world.site}/?${new URLSearchParams(query)}`)
  await page.waitForFunction('globalThis.page', { polling: 20 })
  return page
}

/** Chooses a file, and waits until it was sent. */
export async function sent(page, { path }) {
  const input = await page.$('input')
  await input.uploadFile(path)
  await page.waitForFunction(isOver, { polling: 50, timeout: 180_000 })
  return page.evaluate(told)
}

/**
 * @param {Promise<any>} over
 * @param {() => Promise<unknown>} kill
 * @returns {Life}
 */
function lifeOf(over, kill) {
  let isKilled = false
  const end = () => {
    isKilled = true
    return kill()
  }
  const unlessKilled = (error) => {
    if (!isKilled) throw error
  }
  return { over: over.catch(unlessKilled), end }
}

/** Tabs of one session of Chromium, whose records lie in its IndexedDB. */
export async function tabLives(world, browser) {
  const session = await browser.createBrowserContext()
  return {
    async begin(file, o = {}) {
      const page = await openTab(world, session, { points: '1', ...o })
      return lifeOf(sent(page, file), () => page.close())
    },
    async unfinished() {
      const page = await openTab(world, session)
      const found = await page.evaluate('globalThis.page.unfinished()')
      await page.close()
      return found
    },
    close: () => session.close(),
  }
}

/** Browsers with one profile, one after the other. Each is killed, also when it is done. */
export function profileLives(world, name = 'Chromium') {
  const folder = join(world.folder, `profile-${randomUUID()}`)
  return {
    folder,
    async begin(file, o = {}) {
      // what a browser that was killed left, or one whose profile was copied
      const locks = ['Cookie', 'Lock', 'Socket'].map((one) => join(folder, `Singleton${one}`))
      await Promise.all(locks.map((lock) => rm(lock, { force: true })))
      const browser = await launches[name]({ userDataDir: folder })
      const main = browser.process()
      const gone = once(main, 'exit')
      const kill = async () => {
        main.kill('SIGKILL')
        await gone
      }
      const page = await openTab(world, browser, o)
      const over = async () => {
        try {
          return await sent(page, file)
        } finally {
          await kill()
        }
      }
      return lifeOf(over(), kill)
    },
  }
}
