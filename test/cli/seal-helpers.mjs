// What the tests of seal and open share: a local KMS, keys in files, and the command with pipes.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createPublisher, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { ownFolders } from './own-folders.mjs'

export const bin = fileURLToPath(new URL('../../dist/cli/sealdrop.mjs', import.meta.url))

const pem = (der) => {
  const lines =
    Buffer.from(der, 'base64')
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`
}

/** A folder, a local KMS with keys of three kinds, and these keys in files of the folder. */
export async function cliWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-cli-'))
  const at = (name) => join(folder, name)
  const local = await startLocalKms({
    keys: [
      { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/other', spec: 'ECC_NIST_P384', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      { alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
  })
  const kms = local.clientConfig
  const documentsOf = (alias, o = {}) =>
    createPublisher({ kms, keys: [{ key: alias, ...o }] }).documents()
  const thumbprints = {}
  for (const name of ['claims', 'other', 'rsa']) {
    const { jwks } = await documentsOf(`alias/${name}`)
    const [jwk] = JSON.parse(jwks).keys
    thumbprints[name] = jwk.kid
    writeFileSync(at(`${name}.jwks.json`), jwks)
    writeFileSync(at(`${name}.jwk.json`), JSON.stringify(jwk))
  }
  const { jws } = await createPublisher({
    kms,
    keys: [{ key: 'alias/claims' }],
    root: 'alias/root',
  }).documents()
  writeFileSync(at('claims.signed'), jws ?? '')
  writeFileSync(at('root.json'), JSON.stringify(await publicJwk({ kms, key: 'alias/root' })))
  const close = async () => {
    await local.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { folder, at, local, kms, pem, thumbprints, close, bytes: randomBytes }
}

/**
 * Runs the command to its end, with bytes on stdin.
 *
 * @param {readonly string[]} args
 * @param {{ env?: object, cwd?: string, input?: Uint8Array | string }} o
 * @returns {Promise<{ code: number | null, out: Buffer, err: string }>}
 */
export function run(args, { env = {}, cwd, input } = {}) {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...process.env, ...ownFolders, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  const out = []
  const err = []
  child.stdout?.on('data', (chunk) => out.push(chunk))
  child.stderr?.on('data', (chunk) => err.push(chunk))
  child.stdin?.on('error', () => {})
  if (input !== undefined) child.stdin?.end(input)
  return new Promise((resolve) => {
    child.once('close', (code) =>
      resolve({ code, out: Buffer.concat(out), err: Buffer.concat(err).toString() }),
    )
  })
}
