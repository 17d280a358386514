// What the tests of age share: a local KMS with two keys on P-256 and one that is none, their
// recipients, and a client that counts its calls.
import { randomBytes } from 'node:crypto'
import { ageRecipient, sealAge } from 'sealdrop/age'
import { publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from './counting-kms.mjs'

export async function ageWorld() {
  const local = await startLocalKms({
    keys: [
      { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/second', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/other', spec: 'ECC_NIST_P384', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
  })
  const { client, since } = countingKms(local.clientConfig)
  const jwks = {}
  for (const name of ['claims', 'second', 'other', 'receipts'])
    jwks[name] = await publicJwk({ kms: local.clientConfig, key: `alias/${name}` })
  const recipients = { claims: ageRecipient(jwks.claims), second: ageRecipient(jwks.second) }
  const close = async () => {
    client.destroy()
    await local.close()
  }
  return { local, client, since, jwks, recipients, close }
}

export const bytesOf = async (readable) => Buffer.from(await new Response(readable).arrayBuffer())

/** An age file of our own, as bytes. */
export const sealed = async (recipients, plaintext, o) =>
  bytesOf((await sealAge(recipients, plaintext, o)).readable)

/** Bytes of one length, which begin differently each time. */
export const plaintextOf = (length) => {
  const bytes = Buffer.alloc(length, 'sealdrop')
  randomBytes(Math.min(length, 1_024)).copy(bytes)
  return bytes
}

/** The code that a call fails with; undefined where it does not. */
export const codeOf = (promise) =>
  promise.then(
    () => undefined,
    ({ code }) => code,
  )
