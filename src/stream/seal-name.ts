import { toBase64url } from '../bytes/base64url.js'
import { concat } from '../bytes/bytes.js'
import { encrypt } from '../crypto/aes.js'
import { randomBytes } from '../crypto/subtle.js'
import { nameBytes, nameData, nameIv, type FileName } from '../formats/sealed-name.js'
import type { Message } from './message.js'

/**
 * Seals the name of a file under the key of its message, as base64url.
 *
 * It is called once a message, and its answer is kept: eight random bytes of IV are for one name.
 *
 * @see message-format.md, "Sealed name"
 */
export async function sealName({ id, key }: Message, name: FileName): Promise<string> {
  const iv = nameIv(randomBytes(8))
  return toBase64url(concat(iv, await encrypt(key, iv, nameBytes(name), nameData(id))))
}
