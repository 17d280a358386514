// The session in docs/command-line-session.md, word for word: each line behind `$` is typed
// into one bash, and what it prints must be what the page shows.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { assert } from 'chai'
import { bin } from './seal-helpers.mjs'

const page = new URL('../../docs/command-line-session.md', import.meta.url)
const clock = fileURLToPath(new URL('session-clock.mjs', import.meta.url))
const year = 366 * 24 * 3_600_000

/** Headings of the page before which time passes, in milliseconds from today. */
const times = { 'A year later': year, 'Two years later': 3 * year }

/** The commands of the page, what each prints there, and how far the clock is ahead. */
function stepsOf(text) {
  const steps = []
  let ahead = 0
  let isOpen = false
  for (const line of text.split('\n')) {
    const [, heading] = /^## (.*)$/.exec(line) ?? []
    ahead = times[heading] ?? ahead
    if (line.startsWith('```')) isOpen = line === '```console'
    else if (isOpen && line.startsWith('$ '))
      steps.push({ command: line.slice(2), shown: [], ahead })
    else if (isOpen) steps.at(-1).shown.push(line)
  }
  return steps
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** What the lines of a page fit: `…` is anything in a line, and alone any lines. */
const patternOf = (lines) =>
  new RegExp(
    `^${lines
      .map((line) =>
        line.trim() === '…' ? '(?:.*\n)*?' : `${line.split('…').map(escaped).join('.*')}\n`,
      )
      .join('')}$`,
  )

/** A bash in a folder, which answers what each command printed on stdout and stderr. */
function shellIn(folder, env) {
  const shell = spawn('bash', ['--noprofile', '--norc'], { cwd: folder, env, detached: true })
  const mark = '=== the next command ==='
  let printed = ''
  let told = (_output) => {}
  const look = (chunk) => {
    printed += chunk
    const end = printed.indexOf(`${mark}\n`)
    if (end < 0) return
    const output = printed.slice(0, end)
    printed = printed.slice(end + mark.length + 1)
    told(output)
  }
  shell.stdout.on('data', look)
  const type = (command) =>
    new Promise((resolve, reject) => {
      told = resolve
      shell.once('exit', () => reject(new Error(`bash ended: ${printed}`)))
      shell.stdin.write(`{ ${command}\n} 2>&1\necho '${mark}'\n`)
    })
  // its jobs too, of which the local KMS runs until then
  const end = () => process.kill(-Number(shell.pid), 'SIGTERM')
  return { type, end }
}

test('the session of the guide runs as it stands', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-session-'))
  const clockFile = join(folder, '.clock')
  writeFileSync(clockFile, '0')
  const { AWS_PROFILE: _profile, ...env } = process.env
  const shell = shellIn(folder, {
    ...env,
    HOME: folder,
    CLOCK_FILE: clockFile,
    NODE_OPTIONS: `--import=${clock}`,
    NO_COLOR: '1',
  })
  try {
    // npx finds the command that was built
    await shell.type(`npx() { shift; '${process.execPath}' '${bin}' "$@"; }`)
    const steps = stepsOf(readFileSync(page, 'utf8'))
    assert.isAbove(steps.length, 15)
    for (const { command, shown, ahead } of steps) {
      writeFileSync(clockFile, String(ahead))
      const printed = await shell.type(command)

      assert.match(printed, patternOf(shown), command)
    }
  } finally {
    shell.end()
    rmSync(folder, { recursive: true, force: true })
  }
})
