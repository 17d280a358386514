import { ageRecipients } from '../../kms/age/age-recipients.js'
import { recipientLines } from '../../age/recipient.js'
import type { KeyInventory } from '../../doors/kms.js'
import { shown } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { kmsOf, type KmsArguments } from '../arguments/kms.js'
import { UsageError } from '../exit-codes.js'
import { keyMeant } from './find-key.js'
import { oneVersion } from './one-version.js'

/** The recipients of age, and their signature. */
export const ageNames = { recipients: 'age.txt', signature: 'age.txt.sig' } as const

/** What of age is published. */
export interface AgeDocuments {
  /** How many recipients there are. */
  readonly count: number
  readonly text: string
  readonly expires: Date
  /** Signs the text by a key of the inventory. Undefined where nobody signs it. */
  readonly sign?: (signal: AbortSignal) => Promise<string>
}

/** What is published, and what an operator is told of it. */
export interface AgePlan {
  readonly documents?: AgeDocuments
  readonly notes: readonly string[]
}

interface Asked {
  readonly inventory: KeyInventory
  /** The texts that are there. */
  readonly held: {
    readonly recipients?: string | undefined
    readonly signature?: string | undefined
  }
  /** A key of the inventory that signs. */
  readonly signWith: string | undefined
  readonly kms: KmsArguments
}

/** The first line of every text, by which it is known as one of ours. */
const front = '# Recipients for age'
/** `age -R` and `sealdrop seal` fail with it, so that nobody goes on sealing to what was there. */
const none = `${front} 1.3 and later: there are none now. Ask whom you send to.\n`

/**
 * Plans `age.txt` and its signature. KMS is not asked.
 *
 * @throws UsageError, SealdropError `key_not_found` for a key that does not sign
 */
export async function agePlan(asked: Asked): Promise<AgePlan> {
  const { inventory, held, signWith } = asked
  const key = signWith === undefined ? undefined : signingKey(inventory, signWith)
  const found = (await recipientsOf(inventory)) ?? instead(held.recipients)
  if (!found) return { notes: notesOfNothing(asked) }
  const { count, text, expires } = found
  const sign = key && ((signal: AbortSignal) => signatureOf(text, { ...key, ...asked, signal }))
  return {
    documents: { count, text, expires, ...(sign && { sign }) },
    notes: [
      ...(count > 0
        ? []
        : [
            `${ageNames.recipients}: no key of a purpose with age: true is sealed to now: nobody finds a recipient in it any more`,
          ]),
      ...(sign ? [] : [unsignedNote(held.signature)]),
    ],
  }
}

type Recipients = Pick<AgeDocuments, 'count' | 'text' | 'expires'>

async function recipientsOf(inventory: KeyInventory): Promise<Recipients | undefined> {
  if (!hasAge(inventory)) return undefined
  try {
    const { recipients, text, expires } = await ageRecipients(oneVersion(inventory))
    return { count: recipients.length, text, expires }
  } catch (error) {
    if (isSealdropError(error) && error.code === 'key_not_found') return undefined
    throw error
  }
}

const hasAge = ({ purposes }: KeyInventory): boolean => purposes.some(({ age }) => age === true)
const hasRecipients = (text = ''): boolean => recipientLines(text).length > 0

/** What takes the place of recipients that are no longer sealed to. Other people's text is left. */
const instead = (held: string | undefined): Recipients | undefined =>
  held?.startsWith(front) && hasRecipients(held)
    ? { count: 0, text: none, expires: new Date(Date.now() + day) }
    : undefined

const day = 24 * 3_600_000

function notesOfNothing({ inventory, held, signWith }: Asked): readonly string[] {
  const name = ageNames.recipients
  return [
    ...(hasAge(inventory)
      ? [`${name}: no key of a purpose with age: true is sealed to now: it is not written`]
      : []),
    ...(hasRecipients(held.recipients)
      ? [`${name}: it is left as it is, since keys publish did not write it: remove it yourself`]
      : []),
    ...(signWith === undefined ? [] : [`--sign-with: there is no ${name} to sign`]),
  ]
}

const unsignedNote = (held: string | undefined): string =>
  held === undefined
    ? `${ageNames.recipients}: nobody signs it; --sign-with names a key of the inventory that does`
    : `${ageNames.signature}: it is there, and is for another ${ageNames.recipients}: say --sign-with, or remove it`

interface SigningKey {
  readonly arn: string
  readonly alg: string
}

/** The key that partners verify with: it stands in the set that is published too. */
function signingKey(inventory: KeyInventory, name: string): SigningKey {
  const { key } = keyMeant(inventory, name)
  const [arn] = key.arns
  if (key.usage !== 'SIGN_VERIFY' || key.state !== 'current' || arn === undefined)
    throw new UsageError(
      `--sign-with ${shown(name)}: expected the current key of a purpose that signs, found ${key.state} and ${key.usage}`,
    )
  return { arn, alg: key.alg }
}

interface Signing extends SigningKey {
  readonly kms: KmsArguments
  readonly signal: AbortSignal
}

async function signatureOf(text: string, { arn, alg, kms, signal }: Signing): Promise<string> {
  const { createSigner } = await import('../../doors/kms.js')
  const signer = createSigner({ kms: kmsOf(kms), key: arn, alg })
  try {
    const signature = await signer.signFile(new Blob([text]), {
      name: ageNames.recipients,
      mediaType: 'text/plain',
      signal,
    })
    return signature.endsWith('\n') ? signature : `${signature}\n`
  } finally {
    await signer.close()
  }
}
