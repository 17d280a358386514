// Large files through a process of 512 MiB. `npm run test:soak` opens 1 GiB, `npm test` 192 MiB,
// which is enough for memory: four copies of it are opened at once.
import test from 'node:test'
import { execFile } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { importKeySet, inHand, sealStream } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { amount } from '../support/soak.mjs'

const MiB = 2 ** 20
const size = amount({ part: 192 * MiB, whole: 1_024 * MiB })
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-open-large-'))
const local = await startLocalKms({
  keys: [{ alias: 'alias/ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
})
test.after(async () => {
  await local.close()
  await rm(folder, { recursive: true })
})
const kms = local.clientConfig
const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/ecc' }] }).documents()
const keys = importKeySet(jwks, { trust: inHand() })
const program = fileURLToPath(new URL('../support/open-large.mjs', import.meta.url))

/** A sealed file of zeros, which nobody stores as they are. */
async function sealedZeros(frameLength) {
  const plain = join(folder, 'zeros')
  const handle = await open(plain, 'w')
  await handle.truncate(size)
  await handle.close()
  const context = { form: 'claim' }
  const path = join(folder, `sealed-${frameLength}`)
  const { readable } = await sealStream(keys, await fileSource(plain), { context, frameLength })
  await writeFile(path, readable)
  return path
}

for (const frameLength of [MiB / 2, 16 * MiB])
  test(`four files of ${size / MiB} MiB at once, frames of ${frameLength / MiB} MiB, in 512 MiB`, async (t) => {
    const path = await sealedZeros(frameLength)
    const given = JSON.stringify({ kms, path, copies: 4 })
    const args = ['--max-old-space-size=256', program, given]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const { lengths, most } = JSON.parse(stdout)
    t.diagnostic(`at most ${(most / MiB).toFixed(0)} MiB`)
    assert.deepEqual(lengths, Array(4).fill(size))
    assert.isBelow(most, 512 * MiB)
    await rm(path)
  })
