import { checkOptions } from '../errors/options.js'
import { messageLength } from '../formats/frames.js'
import type { FileSealerOptions } from './create-file-sealer.js'
import { startMessage } from './message.js'
import { planMessage, type MessageOptions, type Recipients } from './plan-message.js'

const names = 'signal context frameLength length framesInFlight digest onProgress records again'

/**
 * Computes the exact length of what `sealStream` and `createFileSealer` would write.
 *
 * - nothing is read or sealed
 * - the length changes when the key set selects another key
 *
 * @param keys - one key of each set can open it; an RSA key must be published with its ARN
 * @param length - bytes of plaintext
 * @param o - the options of either; only the context and the frame length count
 * @returns bytes of ciphertext
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the context is missing or has an empty name or value, or a number is out
 *     of its range
 *   - `too_large`: the context and the recipients do not fit the header, or there are more frames
 *     than a message can have
 * @throws SealdropError while fetching keys:
 *   - what `seal` throws then
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, sealedLength } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const length = await sealedLength(keys, 5_000_000_000, { context: { order: '7' } })
 *   const parts = Math.ceil(length / 8_388_608)
 *   console.log(parts) // 597
 *   ```
 * @see message-format.md, "Body"
 */
export async function sealedLength(
  keys: Recipients,
  length: number,
  o: MessageOptions,
): Promise<number> {
  // the object that goes to sealStream or createFileSealer may be given here too
  checkOptions<Partial<FileSealerOptions>, typeof names>(o, names)
  const plan = await planMessage(keys, o ?? {})
  return messageLength((await startMessage(plan)).header.length, length, plan.frameLength)
}
