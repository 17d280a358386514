// What partners.md does by hand: a thumbprint, and a receipt with openssl.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { importKeySet, inHand, inspect, seal } from 'sealdrop'
import { createPublisher, createSigner } from 'sealdrop/kms'
import { present } from '../../support/types.mjs'
import { programsOf } from './blocks.mjs'
import { run, written } from './programs.mjs'

/** Texts in files of a folder. @returns their paths */
async function filesOf(folder, texts) {
  const paths = Object.keys(texts).map((name) => join(folder, name))
  for (const [index, text] of Object.values(texts).entries()) await writeFile(paths[index], text)
  return paths
}

/** One character of the signature is another. */
function turned(receipt) {
  const [header, payload, signature] = receipt.split('.')
  const first = signature.startsWith('A') ? 'B' : 'A'
  return [header, payload, first + signature.slice(1)].join('.')
}

/** @returns a receipt of a value, its key and the value */
async function receiptIn(local) {
  const kms = local.clientConfig
  const keys = Object.values(local.keys).map((key) => ({ key }))
  const { jwks } = await createPublisher({ kms, keys }).documents()
  const sealed = await seal(importKeySet(jwks, { trust: inHand() }), 'a claim', { context: {} })
  const ofValue = await inspect(sealed)
  const [messageId, digest] = [present(ofValue.messageId), present(ofValue.digest)]
  const length = present(ofValue.length)
  const signer = createSigner({ kms, key: local.keys.receipts })
  const receipt = await signer.signReceipt({
    messageId,
    digest,
    length,
    context: {},
    stage: 'opened',
  })
  await signer.close()
  const rows = JSON.parse(jwks).keys
  return { receipt, sealed, rows, key: rows.find(({ use }) => use === 'sig') }
}

export async function checkPartnersPage({ local, folder, check }) {
  const place = await written(join(folder, 'partners'), programsOf('partners.md'))
  const { receipt, sealed, rows, key } = await receiptIn(local)
  const [receiptFile, turnedFile, keyFile, sealedFile, otherFile] = await filesOf(place, {
    receipt,
    turned: turned(receipt),
    'key.jwk': JSON.stringify(key),
    sealed,
    other: `${sealed}A`,
  })
  const receiptProgram = (...args) => run(['bash', join(place, 'check_receipt.sh'), ...args], {})
  const thumbprints = rows.map((row) =>
    check(`thumbprint.py, ${row.kty} for ${row.use}`, async () => {
      const input = JSON.stringify(row)
      const { out } = await run(['python3', join(place, 'thumbprint.py')], { input })
      if (out.toString().trim() !== row.kid) throw new Error(`it printed ${out.toString()}`)
    }),
  )
  return Promise.all([
    ...thumbprints,
    check('check_receipt.sh takes a receipt', async () => {
      const { status, out, problem } = await receiptProgram(receiptFile, keyFile, sealedFile)
      if (status !== 0) throw new Error(problem)
      if (!out.toString().includes('"stage":"opened"'))
        throw new Error(`it printed ${out.toString()}`)
    }),
    check('check_receipt.sh refuses another signature', async () => {
      const { status, out, problem } = await receiptProgram(turnedFile, keyFile, sealedFile)
      if (status === 0 || out.includes('messageId')) throw new Error('it did not refuse')
      const said = out.toString() + problem
      if (!/verification failure/i.test(said)) throw new Error(said)
    }),
    check('check_receipt.sh refuses the receipt of another value', async () => {
      const { status, out } = await receiptProgram(receiptFile, keyFile, otherFile)
      if (status === 0 || out.includes('messageId')) throw new Error('it did not refuse')
      if (!out.includes('Verified OK')) throw new Error('its signature was refused')
    }),
  ])
}
