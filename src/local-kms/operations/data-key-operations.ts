import { randomBytes } from 'node:crypto'
import type { JsonObject } from '../../formats/json.js'
import { generateDataKeyPair } from '../crypto/data-key-pair.js'
import { dataKeySizes, enums, keySpecs } from '../key-specs.js'
import type { Key } from '../state/key-model.js'
import { KmsFault, unsupported } from '../wire/fault.js'
import { callMembers, keyId } from '../wire/members.js'
import type { Call } from './call.js'
import { encryptionContext, sealUnder, symmetric, type Sealed } from './encryption.js'
import { blob, operation, type Answer, type Operation } from './operation.js'
import { checkUsage, enabledKey, findKey } from './resolve.js'

const recipient = { type: 'unimplemented' } as const
const dataKeyMembers = {
  KeyId: keyId,
  KeySpec: { type: 'string', values: Object.keys(dataKeySizes), listed: enums.keySpec },
  NumberOfBytes: { type: 'integer', min: 1, max: 1024 },
  EncryptionContext: encryptionContext,
  ...callMembers,
} as const
const pairMembers = {
  KeyId: keyId,
  KeyPairSpec: { type: 'string', required: true, values: enums.dataKeyPairSpec },
  EncryptionContext: encryptionContext,
  ...callMembers,
} as const

interface Wanted {
  readonly KeyId: string
  readonly EncryptionContext: Readonly<Record<string, string>> | undefined
  readonly DryRun: boolean | undefined
}

export const dataKeyOperations: Readonly<Record<string, Operation>> = {
  GenerateDataKey: operation({ ...dataKeyMembers, Recipient: recipient }, (call, input) =>
    dataKey(call, input, true),
  ),
  GenerateDataKeyWithoutPlaintext: operation(dataKeyMembers, (call, input) =>
    dataKey(call, input, false),
  ),
  GenerateDataKeyPair: operation({ ...pairMembers, Recipient: recipient }, (call, input) =>
    dataKeyPair(call, input, true),
  ),
  GenerateDataKeyPairWithoutPlaintext: operation(pairMembers, (call, input) =>
    dataKeyPair(call, input, false),
  ),

  GenerateRandom: operation(
    {
      NumberOfBytes: { type: 'integer', min: 1, max: 1024 },
      CustomKeyStoreId: { type: 'unimplemented' },
      Recipient: recipient,
    },
    (call, { NumberOfBytes }) => {
      call.authorize()
      if (NumberOfBytes === undefined)
        throw new KmsFault('ValidationException', 'NumberOfBytes is required.')
      return { Plaintext: blob(randomBytes(NumberOfBytes)) }
    },
  ),
}

/** The two members of which one says how long a data key is to be. */
interface DataKeyLength {
  readonly KeySpec: string | undefined
  readonly NumberOfBytes: number | undefined
}

/**
 * How many bytes a data key has.
 *
 * @throws KmsFault ValidationException where both members are there, or none
 */
function dataKeyLength({ KeySpec, NumberOfBytes }: DataKeyLength): number {
  const bySpec = KeySpec === undefined ? undefined : dataKeySizes[KeySpec]
  const [length, another] = [bySpec, NumberOfBytes].filter((bytes) => bytes !== undefined)
  if (length === undefined || another !== undefined)
    throw new KmsFault('ValidationException', 'Please specify either number of bytes or key spec.')
  return length
}

/** Checks what is asked for right after the key was found, before its usage and its state. */
function dataKey(call: Call, input: Wanted & DataKeyLength, withPlaintext: boolean): Answer {
  const found = findKey(call, input.KeyId)
  const length = dataKeyLength(input)
  const key = forDataKeys(call, found)
  const plaintext = randomBytes(length)
  const sealed = sealUnder(call, key, {
    algorithm: symmetric,
    context: input.EncryptionContext,
    plaintext,
    dryRun: input.DryRun,
  })
  return {
    CiphertextBlob: blob(sealed.ciphertext),
    ...(withPlaintext && { Plaintext: blob(plaintext) }),
    ...underKey(call, key, sealed),
  }
}

async function dataKeyPair(
  call: Call,
  input: Wanted & { readonly KeyPairSpec: string },
  withPlaintext: boolean,
): Promise<Answer> {
  const key = forDataKeys(call, findKey(call, input.KeyId))
  const { KeyPairSpec } = input
  if (!keySpecs.has(KeyPairSpec)) throw unsupported(`KeyPairSpec ${KeyPairSpec}`)
  call.proceed(input.DryRun)
  const { privateKey, publicKey } = await generateDataKeyPair(KeyPairSpec)
  const sealed = sealUnder(call, key, {
    algorithm: symmetric,
    context: input.EncryptionContext,
    plaintext: privateKey,
    dryRun: false,
  })
  return {
    PrivateKeyCiphertextBlob: blob(sealed.ciphertext),
    ...(withPlaintext && { PrivateKeyPlaintext: blob(privateKey) }),
    PublicKey: blob(publicKey),
    KeyPairSpec,
    ...underKey(call, key, sealed),
  }
}

function forDataKeys(call: Call, found: Key): Key {
  const key = enabledKey(call, checkUsage(call, found, 'ENCRYPT_DECRYPT'))
  if (key.spec !== symmetric)
    throw new KmsFault(
      'InvalidKeyUsageException',
      'You cannot generate a data key with an asymmetric CMK',
    )
  return key
}

const underKey = (call: Call, key: Key, { materialId }: Sealed): JsonObject => ({
  KeyId: call.ring.keyArn(key),
  ...(materialId !== undefined && { KeyMaterialId: materialId }),
})
