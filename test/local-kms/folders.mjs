// A folder of a server's state, new for each test, and servers that run on it for a while.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'node:test'
import { startLocalKms } from 'sealdrop/local-kms'
import { clientOf, there } from './helpers.mjs'

/** @import { LocalKms, LocalKmsOptions } from 'sealdrop/local-kms' */
/** @import { Client } from './types.d.ts' */

export const region = 'us-east-1'
export const signing = { alias: 'sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }

/** The folder of this test, beside which it may have other files. */
export const state = { base: '', dir: '' }
beforeEach(() => {
  state.base = mkdtempSync(join(tmpdir(), 'sealdrop-kms-dir-'))
  state.dir = join(state.base, 'state')
})
afterEach(() => rmSync(state.base, { recursive: true, force: true }))

/** The files of the Region, and where one of them is. */
export const files = () => readdirSync(join(state.dir, region)).sort()
export const fileOf = (name) => join(state.dir, region, name)
/** The file of the one key. */
export const keyFile = () => fileOf(there(files().find((file) => file !== 'aliases.json')))
export const locks = () => readdirSync(state.dir).filter((name) => name.startsWith('lock'))

/**
 * Runs work on a server on the folder, and closes it.
 *
 * @template T
 * @param {LocalKmsOptions} options
 * @param {(kms: Client, local: LocalKms) => T | Promise<T>} work
 */
export async function withServer(options, work, start = startLocalKms) {
  const local = await start({ dir: state.dir, ...options })
  try {
    return await work(clientOf(local), local)
  } finally {
    await local.close()
  }
}

/** Changes what a JSON file says. */
export function edit(path, change) {
  const record = JSON.parse(readFileSync(path, 'utf8'))
  change(record)
  writeFileSync(path, JSON.stringify(record))
}
