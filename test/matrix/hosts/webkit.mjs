// WebKitGTK's MiniBrowser, over WebDriver. It needs a screen, so Xvfb is one.
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../support/free-port.mjs'
import { present } from '../missing.mjs'

const programs = ['/usr/bin/WebKitWebDriver', '/usr/bin/xvfb-run', '/usr/bin/xauth']

/** One WebDriver command. @returns its value */
async function command(method, url, body) {
  const answer = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) })
  const { value } = await answer.json()
  if (!answer.ok)
    throw new Error(
      `WebDriver ${method} ${new URL(url).pathname}: ${value.error}: ${value.message}`,
    )
  return value
}

/**
 * The driver under a screen of its own; it goes when its standard input closes, also where this
 * process was killed.
 */
async function startDriver() {
  for (const program of programs)
    await present(program, 'install webkit2gtk-driver, xvfb and xauth')
  const port = await freePort()
  const child = spawn(
    'xvfb-run',
    ['-a', 'sh', '-c', `WebKitWebDriver --port=${port} & read _; kill $!`],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  )
  const ended = new Promise((resolve, reject) =>
    child
      .on('error', reject)
      .on('close', (code, signal) => resolve(`the driver ended with ${code ?? signal}`)),
  )
  const stop = async () => {
    child.stdin.end()
    await Promise.race([ended, sleep(10_000, undefined, { ref: false })])
    try {
      if (child.pid) process.kill(-child.pid, 'SIGKILL')
    } catch {
      /* nothing is left of it */
    }
  }
  const url = `http://127.0.0.1:${port}`
  for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
    const { ready } = await command('GET', `${url}/status`).catch(() => ({}))
    if (ready) return { url, ended, stop }
    if (child.exitCode !== null || Date.now() > deadline) break
  }
  await stop()
  throw new Error('WebKitWebDriver did not start under xvfb-run')
}

export const webkit = {
  name: 'WebKit',
  everything: true,
  async start({ base }) {
    const driver = await startDriver()
    try {
      const { sessionId, capabilities } = await command('POST', `${driver.url}/session`, {
        capabilities: {},
      })
      const session = `${driver.url}/session/${sessionId}`
      const stop = async () => {
        await command('DELETE', session).catch(() => {})
        await driver.stop()
      }
      await command('POST', `${session}/url`, { url: base })
      return { version: `GTK ${capabilities.browserVersion}`, ended: driver.ended, stop }
    } catch (error) {
      await driver.stop()
      throw error
    }
  },
}
