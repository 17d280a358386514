import { decrypt } from '../crypto/aes.js'
import { ensure } from '../errors/guard.js'
import { isText } from '../formats/json.js'
import { nameData, parseName, parseSealedName, type FileName } from '../formats/sealed-name.js'
import { rejected } from './candidates.js'
import type { OpenedMessage } from './open-message.js'
import { tellNameless, type OpenEvent } from './report.js'

/** @throws SealdropError `invalid_argument` */
export function checkSealedName(sealedName: unknown): void {
  ensure(
    sealedName === undefined || isText(sealedName),
    'invalid_argument',
    'sealedName: expected the text of the metadata sealdrop-name',
  )
}

/**
 * The message with the name that came beside it.
 *
 * Who may rewrite metadata must not stop a file: a name that is wrong is left out.
 *
 * @see message-format.md, "Sealed name"
 */
export async function withName(
  message: OpenedMessage,
  sealedName: string | undefined,
  onEvent: (event: OpenEvent) => void,
): Promise<OpenedMessage> {
  if (sealedName === undefined) return message
  try {
    const name = await openName(message, sealedName)
    return { ...message, info: { ...message.info, name } }
  } catch (error) {
    tellNameless(onEvent, error, message.info.messageId)
    return message
  }
}

/** @throws SealdropError `malformed`, `rejected` */
async function openName({ key, header }: OpenedMessage, sealedName: string): Promise<FileName> {
  const [iv, sealed] = parseSealedName(sealedName)
  const bytes = await decrypt(key, iv, sealed, nameData(header.messageId))
  if (!bytes) throw rejected()
  return parseName(bytes)
}
