import { signedBy } from '../../doors/index.js'
import { isUrl, rootsOf } from '../arguments/key-sets.js'
import type { KeyArgument } from '../arguments/recipients.js'
import { UsageError } from '../exit-codes.js'
import type { RecipientFile } from './forms.js'

/**
 * The recipient file by which partners seal to keys: the roots that were named, or else pins.
 *
 * @throws UsageError
 */
export async function recipientFile(o: {
  readonly given: KeyArgument
  readonly url: string | undefined
  readonly pins: readonly string[]
}): Promise<RecipientFile> {
  const { given, url, pins } = o
  const { roots, name, issuer } = given
  if (url === undefined || !isUrl(url))
    throw new UsageError('--as recipient: expected --url, where partners fetch the key set')
  if (roots.length === 0 && (name !== undefined || issuer !== undefined))
    throw new UsageError('--set-name and --issuer need a --root')
  if (roots.length === 0) return { url, pins }
  const found = (await Promise.all(roots.map(rootsOf))).flat()
  const names = {
    ...(name !== undefined && { name }),
    ...(issuer !== undefined && { issuer }),
  }
  // refuses what is no public key that signs: a private one would go to every partner
  signedBy(found, names)
  return { url, roots: found, ...names }
}
