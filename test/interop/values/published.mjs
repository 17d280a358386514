// The published keys: of a KMS that was given the test keys as material, so that the libraries,
// which cannot ask a KMS, read with the private keys what was sealed to the published ones.
import { createPrivateKey } from 'node:crypto'
import { createPublisher } from 'sealdrop/kms'
import { clientOf } from '../../local-kms/helpers.mjs'
import { importInto } from '../../local-kms/importing.mjs'
import { keyPairs } from '../../vectors/keys.js'
import { publishedKeys } from './matrix.mjs'

const wrapping = { WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256', WrappingKeySpec: 'RSA_2048' }
const usageOf = (spec) => (spec.startsWith('RSA') ? 'ENCRYPT_DECRYPT' : 'KEY_AGREEMENT')

/**
 * @param {import('sealdrop/local-kms').LocalKms} local
 * @returns the set as it is served, the ARNs, and by spec the kid and the private key
 */
export async function publish(local) {
  const kms = clientOf(local)
  const made = Object.entries(publishedKeys).map(async ([spec, name]) => {
    const input = { Origin: 'EXTERNAL', KeySpec: spec, KeyUsage: usageOf(spec) }
    const { Arn } = (await kms('CreateKey', input)).KeyMetadata
    const key = createPrivateKey({ key: { ...keyPairs[name] }, format: 'jwk' })
    await importInto(kms, Arn, key.export({ type: 'pkcs8', format: 'der' }), { wrapping })
    return { spec, arn: Arn, private: key.export({ format: 'jwk' }) }
  })
  const keys = await Promise.all(made)
  const arns = keys.map(({ arn }) => arn)
  const publisher = createPublisher({ kms: local.clientConfig, keys: arns.map((key) => ({ key })) })
  const { jwks } = await publisher.documents()
  const kids = new Map(JSON.parse(jwks).keys.map(({ n, x, kid }) => [n ?? x, kid]))
  return {
    set: jwks,
    arns,
    keys: Object.fromEntries(
      keys.map(({ spec, private: jwk }) => [spec, { jwk, kid: kids.get(jwk.n ?? jwk.x) }]),
    ),
  }
}
