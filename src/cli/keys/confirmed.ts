import { UsageError } from '../exit-codes.js'
import { askTerminal } from './ask.js'

/** What a confirmation is of. */
export interface Confirmation {
  readonly thumbprint: string
  /** What `--confirm` says. */
  readonly confirm: string | undefined
  readonly signal: AbortSignal
}

/** Refuses a `--confirm` of another key, before anything is asked. @throws UsageError */
export function checkConfirm({ thumbprint, confirm }: Omit<Confirmation, 'signal'>): void {
  if (confirm !== undefined && confirm !== thumbprint)
    throw new UsageError(`--confirm: it is not the thumbprint ${thumbprint}; nothing was done`)
}

/**
 * Waits until what cannot be undone is confirmed by the thumbprint of the key.
 *
 * @throws UsageError where it is not, also where there is nobody to ask
 */
export async function confirmed({ thumbprint, confirm, signal }: Confirmation): Promise<void> {
  checkConfirm({ thumbprint, confirm })
  if (confirm !== undefined) return
  const typed = await askTerminal('To do it, type the thumbprint of the key: ', signal)
  if (typed === undefined)
    throw new UsageError(
      `there is no terminal to ask at; nothing was done. To do it, add: --confirm ${thumbprint}`,
    )
  if (typed !== thumbprint)
    throw new UsageError('what was typed is not the thumbprint; nothing was done')
}
