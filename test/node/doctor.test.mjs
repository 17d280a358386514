// doctor on a healthy set-up, its warnings, and who may not look: real KMS calls as a principal
// that may do just what a company does, a real host.
import test from 'node:test'
import { assert } from 'chai'
import { doctor } from 'sealdrop/kms'
import { headers, hour, said } from '../support/company.mjs'
import { denied, examinedCompany, signedAgo } from '../support/examined-company.mjs'
import { fails } from '../support/host.js'
import { present, wrong } from '../support/types.mjs'

test('a healthy set-up: every check is ok, without a warning', async (t) => {
  const { examine, local, store } = await examinedCompany(t)
  const findings = await examine()
  t.diagnostic(`\n${said(findings)}`)
  assert.isTrue(
    findings.every(({ ok, advice }) => ok && advice === undefined),
    said(findings),
  )
  const checks = findings.map(({ check }) => check)
  assert.equal(new Set(checks).size, checks.length)
  for (const expected of [
    /^inventory: can be read$/,
    /^key set: reachable$/,
    /^key set: content type$/,
    /^key set: CORS$/,
    /^key set: Vary$/,
    /^key set: signed by a root$/,
    /^key set: fresh$/,
    /^key set: usable$/,
    /^key set: has the keys/,
    /^key set: cache$/,
    /^clock: agrees with the host/,
    /^clock: agrees with KMS$/,
    /^root: is there/,
    /^root: pages know it$/,
    /^publisher: may Sign with ECDSA_SHA_256/,
    /^claims: current key/,
    /^claims: next key/,
    /^receipts: current key/,
    /^alias\/claims in us-east-1: names the current key$/,
    /^opener: may Decrypt with RSAES_OAEP_SHA_256/,
    /^opener: may not Decrypt with RSAES_OAEP_SHA_1 /,
    /^opener: may DeriveSharedSecret with ECDH/,
    /^signer: may Sign with RSASSA_PSS_SHA_256/,
    /^signer: may not Sign with RSASSA_PKCS1_V1_5_SHA_256/,
    /^rotation: nothing is due$/,
  ]) {
    assert.isTrue(
      checks.some((check) => expected.test(check)),
      `${expected.source}\n${checks.join('\n')}`,
    )
  }
  const before = JSON.stringify(await store.read())
  const calls = local.faults.list() // nothing was injected: what it says is what KMS says
  assert.deepEqual(calls, [])
  await examine()
  assert.equal(JSON.stringify(await store.read()), before, 'a doctor changes nothing')
})

test('warnings: a set of which half of its life is over, no Cache-Control, a set without roots, a key that is deleted on purpose, a rotation that has just come due', async (t) => {
  const one = await examinedCompany(t)
  const warnings = async (o = {}) => {
    const found = await one.examine(o)
    assert.isTrue(
      found.every(({ ok }) => ok),
      said(found),
    )
    return said(found.filter(({ advice }) => advice))
  }
  const { handler } = one.host
  one.host.handler = signedAgo(one, 13 * hour)
  assert.match(
    await warnings(),
    /^warning key set: fresh: 54 % of its life are over, it expires at .*may it sign with the root\?$/,
  )
  one.host.handler = handler
  one.host.change = headers((h) => h.delete('cache-control'))
  assert.match(await warnings(), /^warning key set: cache: no Cache-Control/)
  one.host.change = headers((h) => h.set('cache-control', 'max-age=50000'))
  assert.match(
    await warnings(),
    /^warning key set: cache: caches keep it for 50000 s, more than half/,
  )
  one.host.change = headers((h) => h.delete('vary'))
  assert.match(await warnings(), /^warning key set: Vary/)
  one.host.change = (response) => response
  assert.match(
    await warnings({ roots: undefined, root: undefined }),
    /^warning key set: signed by a root: not looked at/,
  )
  assert.match(
    await warnings({ roots: undefined }),
    /^$/,
    'the root itself says what its public half is',
  )
  const { starts } = present(await one.keyOf('claims', 'current'))
  const every = `P${Math.floor((Date.now() - Date.parse(present(starts))) / (24 * hour))}D`
  assert.match(
    await warnings({ every }),
    /^warning rotation: nothing is due: run planRotation and applyRotation: activate/,
  )
})

test('who may not look is told so; who opens is not asked to sign', async (t) => {
  const one = await examinedCompany(t)
  await one.restrict(await one.arnOf('claims', 'current'), denied('kms:DescribeKey'))
  const findings = await one.examine({ roles: ['opener'] })
  assert.isTrue(
    findings.every(({ ok }) => ok),
    said(findings),
  )
  assert.match(
    said(findings),
    /warning claims: current key .*kms:DescribeKey: run doctor as the administrator/,
  )
  assert.match(said(findings), /ok opener: may Decrypt with RSAES_OAEP_SHA_256/)
  assert.notMatch(said(findings), /signer:/)
})

test('KMS that is down is a finding, wrong arguments are invalid_argument, an abort is one', async (t) => {
  const one = await examinedCompany(t)
  one.local.faults.add({ kind: 'region-down', region: 'us-east-1' })
  const examined = await one.examine({ kms: { ...one.kms, maxAttempts: 1 } })
  const findings = examined.filter(({ ok }) => !ok)
  assert.isAbove(findings.length, 5)
  for (const { check, advice } of findings)
    assert.match(
      present(advice),
      check === 'key set: reachable' ? /status 503/ : /could not be reached/,
      check,
    )
  /** @type {[unknown, RegExp][]} */
  const refused = [
    [undefined, /expected keySetUrl/],
    [{}, /expected keySetUrl/],
    [{ keySetUrl: 'keys' }, /keySetUrl/],
    [{ keySetUrl: 'http://keys.example/' }, /https/],
    [{ store: {} }, /store/],
    [{ root: 'alias/root', roles: ['administrator'] }, /roles/],
    [{ store: one.store, every: 'often' }, /every/],
  ]
  for (const [bad, why] of refused) await fails(assert, doctor(wrong(bad)), 'invalid_argument', why)
  const reason = new Error('mine')
  assert.equal(
    await one.examine({ signal: AbortSignal.abort(reason) }).catch((error) => error),
    reason,
  )
})
