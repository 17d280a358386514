// The local KMS generates RSA keys itself, each size for real: other tests may take theirs from a
// pool (test/rsa-pool/), which only they can reach.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { checkPrimeSync, createPublicKey, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { keyOf, readPrimes } from '../rsa-pool/keys.mjs'

const sizes = [2048, 3072, 4096]
const preload = new URL('../rsa-pool/preload.mjs', import.meta.url).href
const primes = readPrimes()

/** Public keys of a server in a process of its own: of each size, and one more of the first. */
async function generatedElsewhere(nodeOptions) {
  const program = `
    import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
    import { startLocalKms } from 'sealdrop/local-kms'
    const specs = ${JSON.stringify([...sizes, sizes[0]].map((size) => `RSA_${size}`))}
    const aliases = specs.map((_, index) => 'alias/' + index)
    const local = await startLocalKms({
      keys: specs.map((spec, index) => ({ alias: aliases[index], spec, usage: 'SIGN_VERIFY' })),
    })
    const kms = new KMSClient(local.clientConfig)
    const answers = []
    for (const KeyId of aliases) answers.push(await kms.send(new GetPublicKeyCommand({ KeyId })))
    console.log(JSON.stringify(answers.map((answer) => Buffer.from(answer.PublicKey).toString('base64'))))
    kms.destroy()
    await local.close()`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { env: { ...process.env, NODE_OPTIONS: nodeOptions } },
  )
  return JSON.parse(stdout).map((text) =>
    createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' }),
  )
}

const modulusOf = (key) =>
  BigInt(`0x${Buffer.from(key.export({ format: 'jwk' }).n, 'base64url').toString('hex')}`)
const isOfPool = (key, size) => primes[size].some((prime) => modulusOf(key) % prime === 0n)

test('without the pool each RSA size is generated, never twice the same, and none is of the pool', async () => {
  const keys = await generatedElsewhere('')
  for (const [index, size] of sizes.entries()) {
    const { modulusLength, publicExponent } = keys[index].asymmetricKeyDetails
    assert.deepEqual([modulusLength, publicExponent], [size, 65_537n])
    assert.equal(isOfPool(keys[index], size), false)
  }
  assert.equal(new Set(keys.map(modulusOf)).size, keys.length)
})

test('with the pool each RSA size is of the pool, and never twice the same', async () => {
  const keys = await generatedElsewhere(`--import=${preload}`)
  for (const [index, size] of sizes.entries()) assert.equal(isOfPool(keys[index], size), true)
  assert.equal(new Set(keys.map(modulusOf)).size, keys.length)
})

for (const size of sizes)
  test(`two of the pool's numbers for RSA of ${size} bits are primes, and their key signs`, () => {
    assert.equal(new Set(primes[size]).size, primes[size].length)
    const [one, other] = primes[size]
    assert.ok([one, other].every((prime) => checkPrimeSync(prime)))
    const privateKey = keyOf(one, other)
    assert.equal(privateKey.asymmetricKeyDetails?.modulusLength, size)
    const message = Buffer.from('a message')
    const signature = sign('sha256', message, privateKey)
    assert.ok(verify('sha256', message, createPublicKey(privateKey), signature))
  })
