// The vectors of C2SP's age test kit, as its README says that they are to be read.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { goFiles } from '../interop/environment.mjs'

const module = 'c2sp.org/CCTV/age@v0.0.0-20251208015420-e9274a7bdbfd'
const known = ['expect', 'payload', 'file key', 'identity', 'passphrase', 'compressed', 'armored']

/** Where the text of a vector ends, and its file begins. */
function parts(bytes) {
  const at = bytes.indexOf('\n\n')
  return [bytes.subarray(0, at).toString(), bytes.subarray(at + 2)]
}

function vectorOf(name, bytes) {
  const [text, file] = parts(bytes)
  const rows = text.split('\n').map((line) => {
    const at = line.indexOf(': ')
    return [line.slice(0, at), line.slice(at + 2)]
  })
  const all = (key) => rows.filter(([found]) => found === key).map(([, value]) => value)
  const one = (key) => all(key)[0]
  const unknown = rows.map(([key]) => key).filter((key) => ![...known, 'comment'].includes(key))
  if (unknown.length > 0) throw new Error(`${name}: unknown key ${unknown}`)
  return {
    name,
    expect: one('expect'),
    payload: one('payload'),
    identities: all('identity'),
    passphrases: all('passphrase'),
    armored: one('armored') === 'yes',
    file: one('compressed') === 'zlib' ? inflateSync(file) : file,
  }
}

/** Where the kit lies. */
export const kitFolder = async () => join(await goFiles(module), 'testdata')

/** Every vector of the kit, by its file. */
export async function testKit() {
  const folder = await kitFolder()
  return readdirSync(folder)
    .sort()
    .map((name) => vectorOf(name, readFileSync(join(folder, name))))
}
