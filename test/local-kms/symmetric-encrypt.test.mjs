// Encrypt and Decrypt with symmetric keys through the AWS client: what opens, and what does not.
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { assertFaults, assertRejects, base64, clientOf, noMessage, row, said } from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'
import { hmac, make, opened, Plaintext, refusesToDecrypt, rsa, seal } from './sealing.mjs'

/** @import { LocalKms } from 'sealdrop/local-kms' */
/** @import { Client } from './types.d.ts' */

/** @type {LocalKms} */
let local
/** @type {Client} */
let kms
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
})
after(() => local.close())

test('what was encrypted decrypts with and without the key named, by any of its names', async () => {
  const { KeyId, Arn, CurrentKeyMaterialId } = await make(kms)
  await kms('CreateAlias', { AliasName: 'alias/named', TargetKeyId: KeyId })
  const names = [undefined, KeyId, Arn, 'alias/named', Arn.replace(/key\/.*/, 'alias/named')]
  for (const name of names) {
    const sealed = await kms('Encrypt', { KeyId: name ?? KeyId, Plaintext })
    const { CiphertextBlob } = sealed
    assert.deepEqual(said(sealed, 'CiphertextBlob'), {
      KeyId: Arn,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    })
    for (const EncryptionAlgorithm of [undefined, 'SYMMETRIC_DEFAULT']) {
      const answer = await kms('Decrypt', { CiphertextBlob, KeyId: name, EncryptionAlgorithm })
      assert.deepEqual(said(answer, 'Plaintext'), {
        KeyId: Arn,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        KeyMaterialId: CurrentKeyMaterialId,
      })
      assert.deepEqual(Buffer.from(answer.Plaintext), Plaintext)
    }
  }
})

test('1 to 4,096 bytes are encrypted, into at most 6,144, and never twice alike', async () => {
  const { KeyId } = await make(kms, { MultiRegion: true })
  for (const length of [1, 100, 4096]) {
    const bytes = randomBytes(length)
    const [one, two] = [
      await seal(kms, KeyId, { Plaintext: bytes }),
      await seal(kms, KeyId, { Plaintext: bytes }),
    ]
    assert.ok(one.length <= 6144)
    assert.notDeepEqual(one, two)
    assert.deepEqual(Buffer.from((await kms('Decrypt', { CiphertextBlob: one })).Plaintext), bytes)
  }
  await assertFaults(
    local,
    refusedAs('ValidationException', [
      [
        'Encrypt',
        { KeyId, Plaintext: '' },
        say.mustHave('plaintext', 'length greater than or equal to 1'),
      ],
      [
        'Encrypt',
        { KeyId, Plaintext: base64(Buffer.alloc(4097)) },
        say.mustHave('plaintext', 'length less than or equal to 4096'),
      ],
      [
        'Decrypt',
        { CiphertextBlob: base64(Buffer.alloc(6145)) },
        say.mustHave('ciphertextBlob', 'length less than or equal to 6144'),
      ],
      ['Decrypt', { KeyId }, say.isNull('ciphertextBlob')],
    ]),
  )
})

test('the encryption context must be given again, exactly, in any order', async () => {
  const { KeyId } = await make(kms)
  const EncryptionContext = { tenant: '7', 'aws:s3:arn': 'arn:aws:s3:::b', Größe: '\u{1f600}' }
  const sealed = await seal(kms, KeyId, { EncryptionContext })
  const reversed = Object.fromEntries(Object.entries(EncryptionContext).reverse())
  for (const same of [EncryptionContext, reversed])
    assert.strictEqual(await opened(kms, sealed, { EncryptionContext: same }), 'a secret')
  const { tenant: _, ...fewer } = EncryptionContext
  const wrong = [
    undefined,
    {},
    fewer,
    { ...EncryptionContext, more: '' },
    { ...EncryptionContext, tenant: '8' },
    { ...fewer, Tenant: '7' },
    { ...fewer, 7: 'tenant' },
  ]
  await refusesToDecrypt(
    local,
    wrong.map((other) => ({ CiphertextBlob: base64(sealed), KeyId, EncryptionContext: other })),
    'InvalidCiphertextException',
    noMessage,
  )
  const bare = await seal(kms, KeyId)
  for (const none of [undefined, {}])
    assert.strictEqual(await opened(kms, bare, { EncryptionContext: none }), 'a secret')
  await refusesToDecrypt(
    local,
    [{ CiphertextBlob: base64(bare), EncryptionContext: { a: 'b' } }],
    'InvalidCiphertextException',
    noMessage,
  )
})

test('a context that is no map of well-formed texts is refused, and with an RSA key every one is', async () => {
  const { KeyId } = await make(kms)
  const asymmetric = await make(kms, rsa)
  const input = { KeyId, Plaintext: base64(Plaintext) }
  const rsaInput = { ...input, KeyId: asymmetric.KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }
  const noMap = 'EncryptionContext can not be converted to a map of Strings'
  const lone = 'The encryption context is not well-formed Unicode: it has a lone surrogate.'
  const encrypt = (EncryptionContext, message) =>
    row('Encrypt', { ...input, EncryptionContext }, message)
  await assertFaults(local, [
    ...refusedAs('SerializationException', [
      encrypt([], noMap),
      encrypt('x', noMap),
      encrypt(5, noMap),
      encrypt({ a: 1 }, noMap),
      encrypt({ a: null }, noMap),
      encrypt({ a: {} }, noMap),
    ]),
    ...refusedAs('ValidationException', [
      encrypt({ '\ud800': 'a' }, lone),
      encrypt({ a: '\udc00' }, lone),
      ['Encrypt', { ...rsaInput, EncryptionContext: { a: 'b' } }, say.noContext],
    ]),
  ])
})

test('an encryption context has a bound, names and values together, beyond which nothing is done', async () => {
  const { KeyId } = await make(kms)
  const within = { ['n'.repeat(4_096)]: 'v'.repeat(4_096) }
  assert.strictEqual(
    await opened(kms, await seal(kms, KeyId, { EncryptionContext: within }), {
      EncryptionContext: within,
    }),
    'a secret',
  )
  await assertRejects(seal(kms, KeyId, { EncryptionContext: { ...within, a: '' } }), {
    name: 'ValidationException',
    message:
      /at 'encryptionContext' failed to satisfy constraint: Member must have at most 8192 characters of names and values$/,
  })
})
test('a ciphertext with any byte changed, cut or lengthened is refused without a word why', async () => {
  const { KeyId } = await make(kms)
  const sealed = Buffer.from(await seal(kms, KeyId))
  const head = 5 + 36
  for (let at = head; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at] ^= 1 << (at % 8)
    await refusesToDecrypt(
      local,
      [
        { CiphertextBlob: base64(changed) },
        ...(at % 16 ? [] : [{ CiphertextBlob: base64(changed), KeyId }]),
      ],
      'InvalidCiphertextException',
      noMessage,
    )
  }
  const others = [
    sealed.subarray(0, 1),
    sealed.subarray(0, 4),
    sealed.subarray(0, head),
    sealed.subarray(0, -1),
    sealed.subarray(1),
    Buffer.concat([sealed, Buffer.of(0)]),
    randomBytes(200),
    Buffer.from('SLK\x01'),
  ]
  await refusesToDecrypt(
    local,
    others.flatMap((other) => [
      { CiphertextBlob: base64(other) },
      { CiphertextBlob: base64(other), KeyId },
    ]),
    'InvalidCiphertextException',
    noMessage,
  )
})

test('a ciphertext whose key id is another opens with no key, whichever key it names', async () => {
  const [mine, other, macs, asymmetric] = [
    await make(kms),
    await make(kms),
    await make(kms, hmac),
    await make(kms, rsa),
  ]
  const sealed = Buffer.from(await seal(kms, mine.KeyId))
  const naming = (id) =>
    base64(Buffer.concat([sealed.subarray(0, 5), Buffer.from(id), sealed.subarray(41)]))
  await refusesToDecrypt(
    local,
    [other, macs, asymmetric].flatMap(({ KeyId }) => [
      { CiphertextBlob: naming(KeyId) },
      { CiphertextBlob: naming(KeyId), KeyId },
    ]),
    'InvalidCiphertextException',
    noMessage,
  )
  await refusesToDecrypt(
    local,
    [
      { CiphertextBlob: naming('12345678-1234-1234-1234-123456789012') },
      { CiphertextBlob: naming('__proto__'.padEnd(36, '\0')) },
    ],
    'AccessDeniedException',
    say.hiddenKey,
  )
})

test('another key named with a ciphertext is incorrect, before its usage and its state', async () => {
  const { KeyId } = await make(kms)
  const sealed = base64(await seal(kms, KeyId))
  const others = [
    await make(kms),
    await make(kms, rsa),
    await make(kms, { ...rsa, KeyUsage: 'SIGN_VERIFY' }),
    await make(kms, hmac),
    await make(kms, { Origin: 'EXTERNAL' }),
  ]
  await kms('DisableKey', { KeyId: others[0].KeyId })
  await refusesToDecrypt(
    local,
    others.map((other) => ({ CiphertextBlob: sealed, KeyId: other.Arn })),
    'IncorrectKeyException',
    say.incorrectKey,
  )
  const missing = '12345678-1234-1234-1234-123456789012'
  await refusesToDecrypt(
    local,
    [{ CiphertextBlob: sealed, KeyId: missing }],
    'NotFoundException',
    say.noKey(`arn:aws:kms:us-east-1:111122223333:key/${missing}`),
  )
})

test('algorithms and keys of the other kind do not mix', async () => {
  const symmetric = await make(kms)
  const asymmetric = await make(kms, rsa)
  const input = { Plaintext: base64(Plaintext) }
  const CiphertextBlob = base64(await seal(kms, symmetric.KeyId))
  const rsaBlob = base64(
    await seal(kms, asymmetric.KeyId, { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
  )
  const byOaep = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
  const [ours, theirs] = [{ KeyId: symmetric.KeyId }, { KeyId: asymmetric.KeyId }]
  const [mine, other] = ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_256']
  const Recipient = { KeyEncryptionAlgorithm: other, AttestationDocument: 'AA==' }
  await assertFaults(local, [
    ...refusedAs('InvalidKeyUsageException', [
      ['Encrypt', { ...input, ...ours, ...byOaep }, say.noAlgorithm(other, mine)],
      [
        'Encrypt',
        { ...input, ...ours, EncryptionAlgorithm: 'SM2PKE' },
        say.noAlgorithm('SM2PKE', mine),
      ],
      ['Encrypt', { ...input, ...theirs }, say.noAlgorithm(mine, 'RSA_2048')],
      ['Decrypt', { CiphertextBlob, ...ours, ...byOaep }, say.noAlgorithm(other, mine)],
    ]),
    ...refusedAs('InvalidCiphertextException', [
      ['Decrypt', { CiphertextBlob, ...theirs, ...byOaep }, noMessage],
      ['Decrypt', { CiphertextBlob: rsaBlob, ...theirs }, noMessage],
      ['Decrypt', { CiphertextBlob: rsaBlob, ...ours }, noMessage],
    ]),
    ...refusedAs('UnsupportedOperationException', [
      ['Decrypt', { CiphertextBlob, Recipient }, say.notImplemented('The parameter Recipient')],
    ]),
  ])
  const answer = await kms('Decrypt', {
    CiphertextBlob: Buffer.from(rsaBlob, 'base64'),
    ...theirs,
    ...byOaep,
  })
  assert.deepEqual(said(answer, 'Plaintext'), { KeyId: asymmetric.Arn, ...byOaep })
})
