// Our side, in the same protocol as the foreign programs: jobs in, results out.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { importKeySet, inHand, isSealdropError, sealStream } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

const collect = async (readable) => {
  const chunks = []
  for await (const chunk of readable) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const verbs = {
  async seal({ jwks }, { keys, context, frameLength, plaintextFile, messageFile }) {
    const sets = keys.map(({ arn }) => importKeySet(jwks, { trust: inHand(), prefer: [arn] }))
    const { readable, length } = await sealStream(
      sets.length === 1 ? sets[0] : sets,
      await readFile(plaintextFile),
      { context, frameLength },
    )
    const message = await collect(readable)
    if (message.length !== length)
      throw new Error(`it promised ${length} bytes and wrote ${message.length}`)
    await writeFile(messageFile, message)
    return { length }
  },
  async open({ openerOf }, { keys, context, messageFile }) {
    const { readable } = await openerOf(keys).openStream(await readFile(messageFile), { context })
    const plaintext = await collect(readable)
    return {
      length: plaintext.length,
      sha256: createHash('sha256').update(plaintext).digest('hex'),
    }
  },
}

/** @returns the function that runs jobs, against the keys of one KMS */
export async function ourRunner({ kms, arns }) {
  const { jwks } = await createPublisher({
    kms,
    keys: arns.map((key) => ({ key, withArn: true })),
  }).documents()
  const openers = new Map()
  const openerOf = (keys) => {
    const list = keys.map(({ arn }) => arn)
    if (!openers.has(list.join())) openers.set(list.join(), createOpener({ kms, keys: list }))
    return openers.get(list.join())
  }
  return async (jobs) => {
    const results = []
    for (const { kind, ...job } of jobs) {
      results.push(
        await verbs[kind]({ jwks, openerOf }, job).catch((error) => ({
          error: `${isSealdropError(error) ? error.code : error.name}: ${error.message}`,
        })),
      )
    }
    return { sdk: `sealdrop ${version}`, results }
  }
}
