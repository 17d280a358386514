import type { KeyInfo } from '../keys/key.js'
import type { KeysKnown } from './model.js'
import type { ReadySettings } from './settings.js'

/** Whether all keys that a file goes to are among those that people see. */
export const areShown = (recipients: readonly KeyInfo[], known: KeysKnown): boolean =>
  known.state === 'believed' &&
  recipients.every(({ thumbprint }) =>
    known.sets.some(({ keys }) => keys.some((key) => key.thumbprint === thumbprint)),
  )

/** The keys of every set that can be sealed to. */
export async function knownKeys({ keys }: ReadySettings): Promise<KeysKnown> {
  try {
    const sets = await Promise.all(
      keys.map(async (set) => ({
        trust: set.trust,
        keys: (await set.list()).filter(({ use }) => use === 'enc'),
      })),
    )
    return { state: 'believed', sets }
  } catch (error) {
    return { state: 'failed', error }
  }
}
