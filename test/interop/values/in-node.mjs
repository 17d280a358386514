// jose, by the protocol of the foreign programs but in this process.
import { readFileSync } from 'node:fs'
import { CompactEncrypt, compactDecrypt, importJWK } from 'jose'

const { version } = JSON.parse(
  readFileSync(new URL('../../../node_modules/jose/package.json', import.meta.url), 'utf8'),
)
const bytesOf = (text) => (text === undefined ? undefined : Buffer.from(text, 'base64url'))

const verbs = {
  async write({ set, header: { apu, apv, alg, ...header }, plaintext }) {
    const jwk = JSON.parse(set).keys.find(({ kid }) => kid === header.kid)
    const value = new CompactEncrypt(Buffer.from(plaintext, 'base64')).setProtectedHeader({
      enc: 'A256GCM',
      ...header,
      alg,
    })
    if (apu) value.setKeyManagementParameters({ apu: bytesOf(apu), apv: bytesOf(apv) })
    return { value: await value.encrypt(await importJWK(jwk, alg)) }
  },
  async read({ jwk, value, alg }) {
    const { plaintext } = await compactDecrypt(value, await importJWK(jwk, alg), {
      keyManagementAlgorithms: [alg],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    return { plaintext: Buffer.from(plaintext).toString('base64') }
  },
}

export async function runInNode(jobs) {
  const results = []
  for (const { kind, ...job } of jobs)
    results.push(
      await verbs[kind](job).catch((error) => ({ error: `${error.code}: ${error.message}` })),
    )
  return { versions: { jose: version }, results }
}
