// A publisher that serves values and refuses files: what doctor and no_usable_key say of it, and
// that what they advise helps. A real host of a real publisher.
import test from 'node:test'
import { assert } from 'chai'
import { fetchKeySet, overHttps, pinned, seal, sealStream } from 'sealdrop'
import { createPublisher, doctor, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { fails } from '../support/host.js'
import { listen } from '../support/listen.mjs'
import { present } from '../support/types.mjs'

const context = { form: 'claim' }
const check = 'key set: takes files'
const rsa = { alias: 'alias/rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }
const curve = { alias: 'alias/curve', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }
const signing = { alias: 'alias/signing', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }

/** Hosts of sets of these rows, as pages reach them. */
async function publishers(t) {
  const local = await startLocalKms({ keys: [rsa, curve, signing] })
  t.after(() => local.close())
  const kms = local.clientConfig
  const publish = async (...keys) => {
    const server = await listen(keySetHandler(createPublisher({ kms, keys })))
    t.after(() => server.close())
    return server.url
  }
  return { kms, publish, arn: local.keys['alias/rsa'] }
}
/** What doctor finds of files, and whether all else is well. */
async function filesOf(keySetUrl) {
  const findings = await doctor({ keySetUrl })
  assert.isTrue(findings.every(({ ok }) => ok))
  return findings.filter((found) => found.check === check)
}

test('RSA keys without an ARN: withArn is off, doctor warns "values only", values are sealed', async (t) => {
  const { publish, arn } = await publishers(t)
  const url = await publish({ key: 'alias/rsa' })
  const [found, ...others] = await filesOf(url)
  assert.deepEqual(others, [])
  assert.match(
    present(found?.advice),
    /^values only: .*withArn: true.*account.*pin \{ thumbprint, arn/,
  )
  assert.notInclude(found?.advice, arn.split(':')[4], 'the number of the account')
  const keys = fetchKeySet(url, { trust: overHttps() })
  assert.isString(await seal(keys, 'x', { context }))
})

test('no_usable_key of a file names what the publisher does, and what a page does: both help', async (t) => {
  const { kms, publish, arn } = await publishers(t)
  const url = await publish({ key: 'alias/rsa' })
  const file = new Blob(['a file'])
  await fails(
    assert,
    sealStream(fetchKeySet(url, { trust: overHttps() }), file, { context }),
    'no_usable_key',
    /has no key ARN, takes values only: its publisher sets withArn: true, or you pin \{ thumbprint, arn \}/,
  )
  const { kid } = await publicJwk({ kms, key: 'alias/rsa' })
  const pin = { thumbprint: present(kid), arn }
  const byPin = await sealStream(fetchKeySet(url, { trust: pinned([pin]) }), file, { context })
  assert.equal(byPin.recipients[0]?.arn, arn)
  const open = await publish({ key: 'alias/rsa', withArn: true })
  const bySet = await sealStream(fetchKeySet(open, { trust: overHttps() }), file, { context })
  assert.equal(bySet.recipients[0]?.arn, arn)
})

test('a set with an ARN or a curve takes files; of a set that nothing is sealed to nothing is said', async (t) => {
  const { publish } = await publishers(t)
  const sets = [
    [{ key: 'alias/rsa', withArn: true }],
    [{ key: 'alias/rsa' }, { key: 'alias/curve' }],
    [{ key: 'alias/curve' }, { key: 'alias/signing' }],
  ]
  for (const set of sets)
    assert.deepEqual(await filesOf(await publish(...set)), [{ check, ok: true }])
  assert.deepEqual(await filesOf(await publish({ key: 'alias/signing' })), [])
})
