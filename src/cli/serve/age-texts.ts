import { join } from 'node:path'
import { goodUntil } from '../../age/recipient.js'
import type { InventoryStore } from '../../doors/kms.js'
import type { ServedText } from '../../kms/age/answer-text.js'
import { needed, textOf } from './published-folder.js'
import type { TextSource } from './text-listener.js'

const recipients = { what: 'recipients of age', name: 'age.txt' }
const signature = { what: 'signature of age.txt', name: 'age.txt.sig' }
const day = 24 * 3_600_000

/** The recipients of an inventory; none where none of its purposes is for age. */
export async function ageOfInventory(store: InventoryStore): Promise<readonly TextSource[]> {
  const found = await store.read()
  if (!found?.inventory.purposes.some(({ age }) => age === true)) return []
  const { ageRecipients } = await import('../../kms/age/age-recipients.js')
  return [{ ...recipients, read: () => ageRecipients(store) }]
}

/** What `sealdrop keys publish` wrote for age to a folder; none where it wrote nothing. */
export async function ageOfFolder(folder: string): Promise<readonly TextSource[]> {
  const path = join(folder, recipients.name)
  if ((await textOf(path)) === undefined) return []
  const served = { ...recipients, read: async () => servedText(await needed(path)) }
  const signed = join(folder, signature.name)
  if ((await textOf(signed)) === undefined) return [served]
  // it ends as what it signs does
  const read = async (): Promise<ServedText> => ({
    text: await needed(signed),
    expires: (await served.read()).expires,
  })
  return [served, { ...signature, read }]
}

/** A text of recipients with the end that it says. One that says none was written by somebody else. */
const servedText = (text: string): ServedText => ({
  text,
  expires: goodUntil(text) ?? new Date(Date.now() + day),
})
