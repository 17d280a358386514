// Large files and whole folders from pages in Chromium and Firefox. What arrives is opened by the
// companion and by AWS's Encryption SDK for Python.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rm, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { importKeySet, inHand, sealedLength } from 'sealdrop'
import { watchPages } from '../../bench/memory.mjs'
import { pythonProgram } from '../interop/environment.mjs'
import { environmentOf, runner } from '../interop/programs.mjs'
import { amount } from '../support/soak.mjs'
import { context, launches, makePageWorld } from './page-world.mjs'

const MiB = 2 ** 20
const part = 8 * MiB
const filesOfFolder = amount({ part: 60, whole: 200 })
const large = amount({ part: 40 * MiB, whole: 512 * MiB })
/** Of files whose upload is watched. */
const sizes = amount({ part: [128 * MiB, 512 * MiB], whole: [1_024 * MiB, 4_096 * MiB] })
/** MiB that a page may grow by, how much more with four times the bytes, and ms of a task. */
const limits = { growth: 200, factor: 1.3, task: 50 }
/** Uploads of the smaller size whose memory is measured. */
const rounds = amount({ part: 1, whole: 3 })
/** More than two answers that are lost, each of which is waited for. */
const patience = amount({ part: 240_000, whole: 900_000 })

/**
 * @param {{ test: any, assert: any, world: () => any }} host
 * @returns what starts and stops what it needs
 */
export function sizesSuite({ test, assert, world }) {
  /** @type {any} */
  let made
  /** @type {(jobs: object[]) => Promise<any>} */
  let python
  const start = async () => {
    made = await makePageWorld(world().config, {})
    const env = environmentOf(made.local)
    python = runner(await pythonProgram(), 'Python', env, made.folder)
  }
  const stop = () => made?.close()

  /** The page in a browser of its own: nothing of other pages is in its process. */
  const inPage = (browser, work) => async (t) => {
    const session = await launches[browser]()
    try {
      const page = await session.newPage()
      const troubles = []
      page.on('pageerror', (error) => troubles.push(String(error)))
      await page.goto(`${made.site}/sizes.html`)
      await page.waitForFunction('globalThis.page', { polling: 50 })
      await work(page, session, t)
      assert.deepEqual(troubles, [])
    } finally {
      await session.close()
    }
  }
  const told = (page) => page.evaluate('globalThis.page.told')
  const ended = async (page) => {
    for (let waited = 0; waited < patience; waited += 100) {
      const { state } = await told(page)
      if (state === 'done') return told(page)
      await sleep(100)
    }
    const waiting = await page.evaluate('globalThis.page.waiting()')
    return assert.fail(`after ${patience} ms: ${JSON.stringify([waiting, await told(page)])}`)
  }
  const choose = async (page, id, ...paths) => (await page.$(id)).uploadFile(...paths)

  /** Writes the object into a file, since the SDK for Python reads one. */
  const fetched = async (key) => {
    const { s3, bucket, folder } = made
    const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    const file = join(folder, randomUUID())
    await pipeline(Body, createWriteStream(file))
    return { file, sealedName: Metadata['sealdrop-name'] }
  }
  /** Opens an object as the company does. */
  const opened = async ({ key }) => {
    const { file, sealedName } = await fetched(key)
    const { readable, name } = await made.opener.openStream(createReadStream(file), {
      context,
      sealedName,
    })
    return { file, name, sha256: await hashOf(readable) }
  }
  const openedByPython = async (files) => {
    const keys = [{ keyring: 'ecdh', arn: made.local.keys['alias/claims'], curve: 'ECC_NIST_P256' }]
    const jobs = files.map((messageFile) => ({ kind: 'open', keys, context, messageFile }))
    return python(jobs)
  }

  const fileOf = async (size) => {
    const path = join(made.folder, randomUUID())
    const file = await open(path, 'w')
    const block = randomBytes(16 * MiB)
    for (let at = 0; at < size; at += block.length) {
      block.writeUInt32BE(at / block.length)
      await file.write(block, 0, Math.min(block.length, size - at))
    }
    await file.close()
    return { path, sha256: await hashOf(createReadStream(path)) }
  }
  /** A folder with files in folders, by their paths: empty ones, of a part, a byte less and more. */
  const folderOf = async () => {
    const keys = importKeySet(made.jwks, { trust: inHand() })
    const whole = part - ((await sealedLength(keys, part, { context })) - part)
    const lengths = [0, whole - 1, whole, whole + 1, 12 * MiB]
    const root = join(made.folder, randomUUID())
    const rows = Array.from({ length: filesOfFolder }, async (_, i) => {
      const bytes = randomBytes(lengths[i] ?? i * 311)
      const path = join(root, `claims ${i % 7}`, `${i}.bin`)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, bytes)
      const relative = path.slice(dirname(root).length + 1)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      return { path, relative, sha256, size: bytes.length }
    })
    return { root, rows: await Promise.all(rows) }
  }

  for (const browser of Object.keys(launches)) {
    test(`${browser}: a folder of ${filesOfFolder} files arrives, each with its path, and AWS's SDK for Python opens them`, (own) =>
      inPage(browser, async (page, session, t) => {
        const { root, rows } = await folderOf()
        if (browser === 'Chromium') await choose(page, '#folder', root)
        else {
          await page.evaluate(
            (paths) => {
              Object.assign(globalThis['page'], { paths })
            },
            rows.map(({ relative }) => relative),
          )
          await choose(page, '#files', ...rows.map(({ path }) => path))
        }
        const { outcomes, seconds, progress } = await ended(page)
        assert.lengthOf(outcomes, filesOfFolder)
        assert.equal(progress.done, progress.total)
        assert.equal(progress.filesDone, filesOfFolder)
        const arrived = []
        for (const outcome of outcomes) {
          const row = rows.find(({ relative }) => relative === outcome.path)
          assert.equal(outcome.status, 'fulfilled', `${outcome.path}: ${outcome.error}`)
          const { file, name, sha256 } = await opened(outcome)
          assert.equal(sha256, row.sha256, outcome.path)
          assert.equal(name.path, outcome.path)
          assert.equal(name.name, basename(outcome.path))
          arrived.push({ file, ...row })
        }
        const { sdk, results } = await openedByPython(arrived.map(({ file }) => file))
        assert.deepEqual(
          results,
          arrived.map(({ size: length, sha256 }) => ({ length, sha256 })),
        )
        t.diagnostic(`${filesOfFolder} files in ${seconds.toFixed(1)} s, opened by ${sdk}`)
      })(own))

    test(`${browser}: a file of ${large / MiB} MiB arrives, and AWS's SDK for Python opens it`, (own) =>
      inPage(browser, async (page, session, t) => {
        const { path, sha256 } = await fileOf(large)
        await choose(page, '#files', path)
        const { outcomes, seconds } = await ended(page)
        assert.equal(outcomes[0].status, 'fulfilled', outcomes[0].error)
        const mine = await opened(outcomes[0])
        assert.equal(mine.sha256, sha256)
        const { sdk, results } = await openedByPython([mine.file])
        assert.deepEqual(results, [{ length: large, sha256 }])
        t.diagnostic(`${large / MiB} MiB in ${seconds.toFixed(1)} s, opened by ${sdk}`)
        await Promise.all([path, mine.file].map((file) => rm(file)))
      })(own))
  }

  /** Sends a file that takes no room on disk. @returns MiB that the page's process grew by */
  const growthOf = async (size, page, session) => {
    const path = join(made.folder, randomUUID())
    await writeFile(path, '')
    await truncate(path, size)
    const growth = await watchPages(session)
    await choose(page, '#files', path)
    const { outcomes, seconds } = await ended(page)
    assert.equal(outcomes[0].status, 'fulfilled', outcomes[0].error)
    return { size, seconds, growth: await growth() }
  }
  const grown = ({ size, growth, seconds }) =>
    `${size / MiB} MiB in ${seconds.toFixed(1)} s: ${growth.toFixed(0)} MiB more`

  test(`Chromium: the memory of a page does not grow with the file: ${sizes.map((size) => size / MiB).join(' and ')} MiB`, async (t) => {
    const rows = []
    // when garbage is collected is the browser's choice: of the smaller one the most of some counts
    const [first = 0, last = 0] = sizes
    for (const size of [...Array(rounds).fill(first), last])
      await inPage('Chromium', async (page, session) => {
        await growthOf(12 * MiB, page, session)
        await page.evaluate(`Object.assign(globalThis.page.told, { state: 'idle' })`)
        rows.push(await growthOf(size, page, session))
        t.diagnostic(grown(rows.at(-1)))
      })(t)
    const big = rows.pop()?.growth
    const small = Math.max(...rows.map(({ growth }) => growth))
    assert.isAbove(small, 0)
    assert.isAtMost(small, limits.growth)
    // below 1 GiB both move by tens of MiB: a page that kept four times the bytes is found all the same
    assert.isAtMost(big, amount({ part: limits.growth, whole: limits.factor * small }))
  })

  test('Chromium: no task of a page that uploads takes the thread for more than 50 ms', (own) =>
    inPage('Chromium', async (page, session, t) => {
      const { path } = await fileOf(48 * MiB)
      await growthOf(12 * MiB, page, session)
      await page.evaluate(`Object.assign(globalThis.page.told, { state: 'idle' })`)
      const tasks = await tasksOf(page, async () => {
        await choose(page, '#files', path)
        const { outcomes } = await ended(page)
        assert.equal(outcomes[0].status, 'fulfilled', outcomes[0].error)
      })
      assert.isAbove(tasks.length, 100)
      t.diagnostic(`the longest tasks: ${tasks.slice(0, 3).map((ms) => ms.toFixed(1))} ms`)
      assert.isAtMost(tasks[0], limits.task)
      // the control: one of 60 ms is seen, or a longer one where others had the processor meanwhile
      let seen = 0
      for (let i = 0; i < 20 && seen <= limits.task; i++) {
        const [longest] = await tasksOf(page, async () => {
          await page.evaluate(`globalThis.page.busy(${60 + 20 * i})`)
          await sleep(200 + 20 * i)
        })
        seen = longest
      }
      assert.isAbove(seen, limits.task)
    })(own))

  return { start, stop }
}

async function hashOf(chunks) {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * Milliseconds that tasks of a page took its main thread, the longest first.
 *
 * It is time of the processor: on a machine with other work the clock shows that work.
 */
async function tasksOf(page, work) {
  await page.tracing.start({ categories: ['toplevel'] })
  await work()
  const { traceEvents } = JSON.parse(Buffer.from(await page.tracing.stop()).toString())
  const mains = traceEvents
    .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
    .map(({ pid, tid }) => `${pid} ${tid}`)
  return traceEvents
    .filter(({ name, pid, tid }) => name.endsWith('RunTask') && mains.includes(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1_000)
    .sort((a, b) => b - a)
}
