import { parseJsonObject } from '../../formats/json.js'
import { KmsFault } from '../wire/fault.js'
import type { Call } from './call.js'

const longest = 32_768

/**
 * A key policy that a request brings, as it is kept.
 *
 * @param bypass - BypassPolicyLockoutSafetyCheck: the caller need not be able to change the policy again
 * @throws KmsFault LimitExceededException, MalformedPolicyDocumentException
 */
export function keyPolicy(_call: Call, text: string, _bypass: boolean | undefined): string {
  if (Buffer.byteLength(text) > longest) throw new KmsFault('LimitExceededException', `A key policy is at most ${longest} bytes.`)
  try {
    parseJsonObject(text, { code: 'malformed', field: 'Policy' })
  } catch {
    throw new KmsFault('MalformedPolicyDocumentException', 'The new key policy is not valid JSON.')
  }
  return text
}
