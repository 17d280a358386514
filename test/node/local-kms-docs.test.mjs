// docs/local-kms.md says per operation what is exact, simplified and absent: it names each
// operation once, and absent ones are.
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySpecs } from '#dist/local-kms/key-specs.js'
import { faultKinds } from '#dist/local-kms/injected/rules.js'
import { raw } from '../local-kms/helpers.mjs'

const text = readFileSync(new URL('../../docs/local-kms.md', import.meta.url), 'utf8')
const rows = [
  ...text.matchAll(/^\| ([A-Z][\w, ]+) \| (exact|simplified|absent) \|(.*)\|$/gm),
].flatMap(([, names, status, differs]) =>
  names.split(', ').map((name) => ({ name, status, differs: differs.trim() })),
)

test('every operation of the AWS client is in the table once, and none else', async () => {
  const aws = await import('@aws-sdk/client-kms')
  const operations = Object.keys(aws)
    .filter((name) => /^[A-Z]\w+Command$/.test(name))
    .map((name) => name.slice(0, -7))
  assert.sameMembers(
    rows.map(({ name }) => name),
    operations,
  )
})

/** Members that no operation takes as they are here: what is there says so. */
const malformed = {
  KeyId: 5,
  Limit: 'x',
  AliasName: 5,
  NumberOfBytes: 'x',
  DestinationKeyId: 5,
  Description: 5,
}
test('what is absent answers UnsupportedOperationException, and nothing else does', async () => {
  const local = await startLocalKms()
  for (const { name, status } of rows) {
    const answer = await raw(local, { operation: name, body: JSON.stringify(malformed) })
    const { __type: type, message } = answer.json()
    assert.equal(
      /is not implemented by/.test(message ?? '') && type === 'UnsupportedOperationException',
      status === 'absent',
      name,
    )
  }
  await local.close()
})

test('what is simplified says how', () => {
  assert.isTrue(rows.some(({ status }) => status === 'simplified'))
  for (const { name, status, differs } of rows)
    if (status === 'simplified') assert.isAbove(differs.length, 10, name)
})

test('every key spec and every kind of fault is named', () => {
  for (const spec of keySpecs.keys()) assert.include(text, spec)
  for (const kind of Object.keys(faultKinds)) assert.include(text, `\`${kind}\``)
})
