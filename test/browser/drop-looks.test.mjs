// `<sealdrop-drop>` for everybody: axe finds nothing in any of its states, in both languages, light and
// dark; it works by the keyboard alone, on a narrow screen, and without motion.
import test from 'node:test'
import { assert } from 'chai'
import { launches } from '../s3/page-world.mjs'
import { openDrop, violations } from '../support/drop-page.mjs'
import { startDropWorld } from '../support/drop-world.mjs'

const world = await startDropWorld()
const browser = await launches.Chromium()
test.after(async () => {
  await browser.close()
  await world.close()
})
const files = await Promise.all([
  world.fileOf('kitchen-after-the-leak-with-a-name-that-is-long.mp4', 12 * 2 ** 20),
  world.fileOf('invoice.pdf', 240_000),
])
const paths = files.map(({ path }) => path)
// axe brings a style of its own, which a policy would refuse
const pageIn = (lang, o = {}) => world.page(`/${lang}.html`, { lang, csp: '', ...o })

/** Whether something is wider than the screen. */
const isTooWide = (page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return scrollWidth > clientWidth
  })

const scheme = (value) => [
  { name: 'prefers-color-scheme', value },
  { name: 'prefers-reduced-motion', value: 'reduce' },
]

/** Brings the element from one state to the next, and looks at it in each. */
async function throughAllStates({ page, box }, look) {
  await box.find('.key')
  await look('empty')
  await box.choose(...paths)
  await look('ready')
  const gate = {}
  const held = new Promise((resolve) => Object.assign(gate, { open: resolve }))
  world.store.before = () => held.then(() => undefined)
  await box.click('.main')
  await box.is('sending')
  await look('sending')
  await box.click('[part~=pause]')
  await box.is('paused')
  await look('paused')
  await page.reload()
  await box.find('.unfinished')
  await look('unfinished')
  world.store.before = undefined
  gate['open']()
  await box.choose(...paths)
  await box.set({ headers: { authorization: 'Bearer nobody' } })
  await box.find('.key')
  await box.click('.main')
  await box.is('failed')
  await look('failed')
  await page.reload()
  await box.find('.key')
  await box.choose(...paths)
  await box.click('.main')
  await box.is('done')
  await look('done')
}

for (const [lang, color] of [
  ['en', 'light'],
  ['de', 'dark'],
])
  test(`axe finds nothing, and nothing is too wide: ${lang}, ${color}`, async (t) => {
    const opened = await openDrop(t, browser, pageIn(lang), async (page) => {
      await page.emulateMediaFeatures(scheme(color))
    })
    const { page } = opened
    const seen = []
    await throughAllStates(opened, async (state) => {
      seen.push(state)
      const other = color === 'light' ? 'dark' : 'light'
      for (const one of [other, color]) {
        await page.emulateMediaFeatures(scheme(one))
        assert.deepEqual(await violations(page), [], `${state} ${one}`)
      }
      await page.setViewport({ width: 320, height: 640 })
      assert.isFalse(await isTooWide(page), `${state} at 320 px`)
      await page.setViewport({ width: 1280, height: 900 })
    })
    assert.lengthOf(seen, 7)
    const words = await page.evaluate(
      () => document.querySelector('sealdrop-drop')?.shadowRoot?.textContent ?? '',
    )
    const others = { en: /Dateien|angekommen/, de: /\b(files?|arrived|Choose|Save)\b/ }
    assert.notMatch(words, others[lang], 'one language at a time')
  })

test('a page that is not ready, and keys that are not believed, in both languages', async (t) => {
  for (const lang of ['en', 'de'])
    for (const attributes of [{ endpoint: '' }, { pins: 'A'.repeat(43) }]) {
      const { page, box } = await openDrop(t, browser, pageIn(lang, { attributes }))
      await box.find('.problem-text code')
      assert.deepEqual(await violations(page), [])
    }
})

test('the controls: what is planted is found', async (t) => {
  const { page, box } = await openDrop(t, browser, pageIn('en'))
  await box.find('.key')
  assert.deepEqual(await violations(page), [])
  await page.evaluate(() => {
    const root = document.querySelector('sealdrop-drop')?.shadowRoot
    const button = root?.querySelector('[part~=choose]')
    if (button) button.textContent = ''
    root?.querySelector('.title')?.setAttribute('style', 'color:#ccc;width:1400px')
  })
  const found = await violations(page)
  assert.deepEqual(found.map((line) => line.split(' ')[0]).sort(), [
    'button-name',
    'color-contrast',
  ])
  await page.setViewport({ width: 320, height: 640 })
  assert.isTrue(await isTooWide(page))
  const strict = await openDrop(t, browser, world.page('/strict.html'))
  // in a task of the page's own: what DevTools runs is let through
  await strict.page.evaluate(() => {
    const plant = () => {
      const planted = document.createElement('div')
      planted.setAttribute('style', 'color:red')
      document.body.append(planted)
      planted.innerHTML = '<b>planted</b>'
    }
    setTimeout(plant)
  })
  await new Promise((resolve) => setTimeout(resolve, 300)) // reports come later
  assert.includeMembers(
    strict.troubles.map((line) => /violated: (\S+)/.exec(line)?.[1]),
    ['style-src-attr', 'require-trusted-types-for'],
  )
})

test('by the keyboard alone: choose, send, keep the receipts', async (t) => {
  const { page, box } = await openDrop(t, browser, pageIn('en'))
  await box.find('.key')
  const tabTo = async (part) => {
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press('Tab')
      if ((await box.focused())?.split(' ').includes(part)) break
    }
    assert.include((await box.focused())?.split(' '), part)
    const outline = await page.evaluate(() => {
      const inside = document.activeElement?.shadowRoot?.activeElement
      return inside && getComputedStyle(inside).outlineStyle
    })
    assert.equal(outline, 'solid', `the focus is seen on ${part}`)
  }
  await tabTo('choose')
  const [chooser] = await Promise.all([page.waitForFileChooser(), page.keyboard.press('Space')])
  await chooser.accept(paths)
  await box.find('li')
  await tabTo('remove')
  await page.keyboard.press('Enter')
  await page.waitForFunction(
    () => document.querySelector('sealdrop-drop')?.shadowRoot?.querySelectorAll('li').length === 1,
  )
  assert.equal(await box.focused(), 'remove', 'the row in its place has the focus')
  await tabTo('send')
  await page.keyboard.press('Enter')
  await box.is('done')
  assert.notEqual(await box.focused(), 'body', 'the focus is not lost')
  await tabTo('save')
  await page.evaluate(() => {
    URL.createObjectURL = (blob) => {
      globalThis['saved'] = blob['size']
      return 'blob:saved'
    }
  })
  await page.keyboard.press('Enter')
  assert.isAbove(await page.evaluate(() => globalThis['saved']), 100)
})

test('who wants no motion sees none', async (t) => {
  const { page, box } = await openDrop(t, browser, pageIn('en'))
  const zone = await box.find('.zone')
  const seconds = async (value) => {
    await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value }])
    return zone.evaluate((node) => getComputedStyle(node).transitionDuration)
  }
  assert.equal(await seconds('reduce'), '0s')
  assert.notEqual(await seconds('no-preference'), '0s')
})

test('what changes is said to who hears the page', async (t) => {
  const { page, box } = await openDrop(t, browser, pageIn('en'))
  await box.find('.key')
  const said = () =>
    page.evaluate(
      () =>
        document.querySelector('sealdrop-drop')?.shadowRoot?.querySelector('[role=status]')
          ?.textContent,
    )
  await box.choose(...paths)
  assert.equal(await said(), '2 files added')
  await box.click('.main')
  await box.is('done')
  assert.equal(await said(), '2 files arrived')
})
