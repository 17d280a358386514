// Growth of memory while a stream is worked through.
//
// - It is resident memory at its highest, above where it stood when modules and keys were loaded
//   and a first MiB had gone through.
// - In Node each measurement has a process of its own, and in Chromium a browser of its own, where
//   the process of the page counts.
// - It is read from /proc, so this runs on Linux only.
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const me = fileURLToPath(import.meta.url)

export const canMeasure = () => existsSync('/proc/self/clear_refs')

const statusOf = async (pid) => {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024
  return { now: field('VmRSS'), peak: field('VmHWM') }
}

/**
 * Notes how much memory a process has. The function that it answers says how many MiB it grew by at
 * most since.
 */
async function watch(pid) {
  // sets the peak back (proc_pid_clear_refs(5)), without which it is the peak since the start
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => {})
  const { now } = await statusOf(pid)
  return async () => Math.max(0, (await statusOf(pid)).peak - now)
}

/** MiB that a fresh process grows by. `what` is a work of memory-work.mjs. */
export async function growthInNode(what, size) {
  if (what !== 'openStream') return inProcess(what, size)
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-bench-'))
  try {
    const file = join(folder, 'message')
    await inProcess('message', size, file)
    return await inProcess(what, size, file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function inProcess(what, size, file = '') {
  const child = fork(me, ['work', what, size, file])
  const told = () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', (code) => reject(new Error(`${what}: the process ended with ${code}`)))
    })
  try {
    await told()
    const growth = await watch(child.pid)
    const done = told()
    child.send('go')
    await done
    return await growth()
  } finally {
    child.kill()
  }
}

/** MiB that the process of a page grows by while it runs `work()`. The page is ready for it. */
export async function growthInChromium(page, browser, work) {
  const growth = await watchPages(browser)
  await page.evaluate(work)
  return growth()
}

/** The function that it answers says how many MiB the largest process of a page grew by since. */
export async function watchPages(browser) {
  const session = await browser.target().createCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const growths = await Promise.all(
    processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => watch(id)),
  )
  // a spare renderer process may have ended
  return async () =>
    Math.max(...(await Promise.all(growths.map((growth) => growth().catch(() => 0)))))
}

/** Says something to the process that measures. */
function tell(word) {
  if (!process.send) throw new Error('this process was not forked: nobody measures it')
  process.send(word)
}

if (process.argv[1] === me && process.argv[2] === 'work') {
  const [what, size, file] = process.argv.slice(3)
  const { prepare } = await import('./memory-work.mjs')
  const run = await prepare(what, Number(size), file)
  process.on('message', () => {
    void run().then(() => tell('done'))
  })
  tell('ready')
}
