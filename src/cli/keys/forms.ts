import type { PublicMembers } from '../../algorithms/public-key.js'
import { Option } from '../commander.js'
import { identityForm, recipientForm, type OpeningKey } from './age-forms.js'
import { spkiPem } from './spki.js'

/** What a recipient file says: `arguments/key-sets.ts` reads it. */
export interface RecipientFile {
  readonly url: string
  readonly roots?: readonly object[]
  readonly pins?: readonly string[]
  readonly name?: string
  readonly issuer?: string
}

/** A key that is shown. */
export interface ShownKey {
  readonly thumbprint: string
  readonly jwk: PublicMembers
  /** As it stands in a set. */
  readonly published: object
  /** Makes the recipient file. @throws UsageError where flags for it are missing */
  readonly recipient: () => Promise<RecipientFile>
  /** The keys that open what is sealed to it, of which it is the first. @throws UsageError */
  readonly opening: () => Promise<readonly OpeningKey[]>
}

/** A form in which a key is shown: text as it is, or JSON. */
interface Form {
  readonly description: string
  readonly write: (key: ShownKey) => string | Promise<string | object> | object
}

/** The name of a form. */
export type FormName = 'pin' | 'jwk' | 'pem' | 'recipient' | 'age' | 'age-identity'

const forms: Readonly<Record<FormName, Form>> = {
  pin: { description: 'its thumbprint', write: ({ thumbprint }) => thumbprint },
  jwk: { description: 'its JWK', write: ({ published }) => published },
  pem: { description: 'its SPKI in PEM', write: ({ jwk }) => spkiPem(jwk) },
  recipient: {
    description: 'a file that seal -r takes',
    write: ({ recipient }) => recipient(),
  },
  age: { description: 'a recipient age1tag1… of age', write: recipientForm },
  'age-identity': {
    description: 'an identity of age-plugin-sealdrop, for age -i',
    write: identityForm,
  },
}

/** The flag that says in which form a key is shown. */
export const formOption = (): Option => {
  const told = Object.entries(forms).map(([name, { description }]) => `${name}: ${description}`)
  const option = new Option('--as <form>', `${told.join('. ')}. Default: in words`)
  return option.choices(Object.keys(forms))
}

/** A key in a form: text, or an object for JSON. */
export const formOf = async (name: FormName, key: ShownKey): Promise<string | object> =>
  forms[name].write(key)
