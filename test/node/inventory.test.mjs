// The publisher's inventory: its schema.
import test from 'node:test'
import { assert } from 'chai'
import { revokeKey } from 'sealdrop/kms'
import { checkInventory, parseInventory } from '#dist/kms/inventory/check-inventory.js'
import { fails } from '../support/host.js'
import {
  arnOf,
  claims as purpose,
  emptyInventory,
  keyEntry,
  memoryStore,
  point,
  receipts as signing,
  tokenOf,
} from '../support/inventories.mjs'
import { wrong } from '../support/types.mjs'

const at = '2030-01-01T00:00:00.000Z'
const empty = emptyInventory(purpose)
/** A key of claims that was made, by default its current one. */
const made = (i, more = {}) =>
  keyEntry(i, purpose, 'current', { made: at, published: at, starts: at, ...more })
const making = {
  purpose: 'receipts',
  state: 'making',
  token: tokenOf(9),
  spec: 'RSA_3072',
  usage: 'ENCRYPT_DECRYPT',
  began: at,
}
const retiredInTwoRegions = made(3, {
  state: 'retired',
  retired: at,
  arns: [arnOf(3), arnOf(3).replace('us-east-1', 'eu-west-1')],
})
const full = {
  ...emptyInventory(purpose, signing),
  counter: 7,
  lifetime: 900_000,
  keys: [made(1), made(2, { state: 'next' }), retiredInTwoRegions, making],
}

test('what is written is read again, member by member', () => {
  for (const inventory of [empty, full])
    assert.deepEqual(parseInventory(JSON.stringify(inventory)), inventory)
})

test('members that are not known are data: they are read, and stay when it is written back', async () => {
  const revoked = { at, reason: 'superseded', by: 'the claims desk' }
  const newer = {
    ...full,
    more: { of: 1 },
    purposes: full.purposes.map((one) => ({ ...one, owner: 'the claims desk' })),
    keys: full.keys.map((key, i) => ({ ...key, more: i, ...(i === 0 && { revoked }) })),
  }
  assert.deepEqual(parseInventory(JSON.stringify(newer)), newer)
  const store = memoryStore(wrong(newer))
  const now = () => Date.parse(at) + 60_000
  const { replacedBy } = await revokeKey({ store, key: '1'.repeat(43), now, reason: 'compromised' })
  assert.equal(replacedBy, '2'.repeat(43))
  const { more, purposes: kept, keys: written } = wrong(store.now())
  assert.deepEqual([more, kept], [newer.more, newer.purposes])
  assert.deepEqual(
    written.map((key) => key.more),
    [0, 1, 2, 3],
  )
  assert.deepEqual(written[0].revoked, { ...revoked, reason: 'compromised' })
})

const purposes = (...all) => ({ ...empty, purposes: all })
/** Its one purpose is claims, changed. */
const changed = (more) => purposes({ ...purpose, ...more })
const keys = (...all) => ({ ...full, keys: all })
const next = (more) => made(2, { state: 'next', ...more })
const privateJwk = { ...point, d: point.x }
const aliasArn = 'arn:aws:kms:us-east-1:111122223333:alias/claims'

/**
 * What is wrong, and what is said.
 *
 * @type {Record<string, [unknown, RegExp]>}
 */
const refused = {
  'no object': [[], /inventory: expected an object, found Array/],
  'another version': [{ ...empty, version: 2 }, /inventory.version: expected 1/],
  'a counter that is text': [
    { ...empty, counter: '1' },
    /inventory.counter: expected a whole number, found "1"/,
  ],
  'a lifetime of a minute': [
    { ...empty, lifetime: 60_000 },
    /inventory.lifetime: expected 15 minutes to 7 days/,
  ],
  'no purposes': [{ ...empty, purposes: undefined }, /inventory.purposes: expected an array/],
  'a purpose of an unknown spec': [changed({ spec: 'SYMMETRIC_DEFAULT' }), /purposes\[0\].spec/],
  'a purpose for RSA keys that agree': [
    changed({ spec: 'RSA_3072' }),
    /purposes\[0\].usage: KMS has no RSA_3072 for KEY_AGREEMENT/,
  ],
  'a purpose for keys on a curve that decrypt': [
    changed({ usage: 'ENCRYPT_DECRYPT' }),
    /purposes\[0\].usage: KMS has no ECC_NIST_P256 for ENCRYPT_DECRYPT/,
  ],
  'a purpose whose algorithm is of another curve': [
    purposes({ ...signing, alg: 'ES384' }),
    /purposes\[0\].alg: ES384 is not for ECC_NIST_P256 and SIGN_VERIFY/,
  ],
  'an algorithm of a purpose that does not sign': [
    changed({ alg: 'ES256' }),
    /purposes\[0\].alg: ES256 is not for ECC_NIST_P256 and KEY_AGREEMENT/,
  ],
  'replicas that are no Regions': [
    changed({ replicas: ['Frankfurt'] }),
    /purposes\[0\].replicas: expected Regions/,
  ],
  'a replica named twice': [
    changed({ replicas: ['eu-west-1', 'eu-west-1'] }),
    /purposes\[0\].replicas: expected Regions/,
  ],
  'a key policy as text': [
    changed({ policy: '{}' }),
    /purposes\[0\].policy: expected a key policy/,
  ],
  'a purpose whose usage is not its use': [
    changed({ usage: 'SIGN_VERIFY' }),
    /purposes\[0\].usage: SIGN_VERIFY is not for use enc/,
  ],
  'an alias of AWS': [changed({ alias: 'alias/aws/s3' }), /purposes\[0\].alias/],
  'two purposes of one name': [
    purposes(purpose, { ...purpose, alias: 'alias/other' }),
    /two have one name/,
  ],
  'two purposes of one alias': [
    purposes(purpose, { ...purpose, name: 'other' }),
    /two have one alias/,
  ],
  'a key of no purpose': [
    keys(made(1, { purpose: 'other' })),
    /keys\[0\].purpose: there is no purpose "other"/,
  ],
  'two current keys': [keys(made(1), made(2)), /two keys that are current/],
  'one ARN twice': [keys(made(1), next({ arns: [arnOf(1)] })), /one key is there twice/],
  'one thumbprint twice': [
    keys(made(1), next({ thumbprint: '1'.repeat(43) })),
    /one key is there twice/,
  ],
  'a key without its JWK': [
    keys(made(1, { jwk: undefined })),
    /keys\[0\].jwk: expected in a key that is current/,
  ],
  'a private JWK': [keys(made(1, { jwk: privateJwk })), /keys\[0\].jwk: expected a public JWK/],
  'a date in words': [
    keys(made(1, { starts: 'tomorrow' })),
    /keys\[0\].starts: expected a date like 2030/,
  ],
  'an ARN of an alias': [keys(made(1, { arns: [aliasArn] })), /keys\[0\].arns: expected key ARNs/],
  'a making without its time': [
    keys({ ...making, began: undefined }),
    /keys\[0\].began: expected in a key that is making/,
  ],
  'a current key that does not say since when': [
    keys(made(1, { starts: undefined })),
    /keys\[0\].starts: expected in a key that is current/,
  ],
  'a retired key that does not say since when': [
    keys(made(1, { state: 'retired' })),
    /keys\[0\].retired/,
  ],
  'a deletion without its end': [keys(made(1, { state: 'deleting' })), /keys\[0\].deletes/],
}
for (const [what, [value, pattern]] of Object.entries(refused)) {
  test(`an inventory with ${what} is refused, naming the place`, async () => {
    await fails(assert, async () => checkInventory(value, 'malformed'), 'malformed', pattern)
  })
}
test('text that is no JSON, or has a member twice, is malformed', async () => {
  for (const text of ['', '{', '[]', '{"version":1,"version":1}'])
    await fails(assert, async () => parseInventory(text), 'malformed')
})
