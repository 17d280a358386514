// age-plugin-sealdrop as age starts it, and a conversation with it.
import { spawn } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stanzaText } from '#dist/age/header.js'
import { channelOver } from '#dist/cli/age-plugin/channel.js'

export const plugin = fileURLToPath(new URL('../../dist/cli/age-plugin/index.js', import.meta.url))
const command = fileURLToPath(new URL('../../dist/cli/index.js', import.meta.url))

/** Writes a program for the PATH that runs a file of ours. */
export function linked(folder, name, file = plugin) {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${file}' "$@"\n`)
  chmodSync(path, 0o755)
}

const none = new Uint8Array()
export const stanza = (type, ...args) => ({ type, args, body: none })

/**
 * Sends the first phase, and answers what the plugin commands in the second one.
 *
 * @returns its commands, what it wrote to stderr, and what it ended with
 */
export async function conversation(machine, commands, { env = {}, asCommand = false } = {}) {
  const file = asCommand ? command : plugin
  const child = spawn(process.execPath, [file, `--age-plugin=${machine}`], {
    env: { ...process.env, ...env },
  })
  let err = ''
  child.stderr.on('data', (chunk) => (err += chunk))
  child.stdin.on('error', () => {})
  const ended = new Promise((resolve) => {
    child.once('close', resolve)
  })
  for (const one of [...commands, stanza('done')]) child.stdin.write(stanzaText(one))
  const channel = channelOver(child.stdout, child.stdin)
  const found = []
  for (;;) {
    const one = await channel.read().catch(() => undefined)
    if (!one || one.type === 'done') break
    found.push(one)
    child.stdin.write(stanzaText(stanza(one.type.startsWith('grease') ? 'unsupported' : 'ok')))
  }
  child.stdin.end()
  // its end would be waited for, which nobody reads
  child.stdout.destroy()
  return { found, err, code: await ended }
}

/** Runs a program to its end, with bytes on stdin. */
export function ran(program, args, { input = '', env = {} } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env } })
  const out = []
  const err = []
  child.stdout.on('data', (chunk) => out.push(chunk))
  child.stderr.on('data', (chunk) => err.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({ code, out: Buffer.concat(out), err: Buffer.concat(err).toString() }),
    )
  })
}
