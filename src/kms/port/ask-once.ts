import type { CreateKeyCommand } from '@aws-sdk/client-kms'
import { isRefusal } from './aws-errors.js'

/**
 * Lets the client ask for a key only once.
 *
 * It would ask again where only the answer was lost, and make two keys.
 */
export function askOnce(command: CreateKeyCommand): void {
  let lost: unknown
  command.middlewareStack.add(
    (next) => async (args) => {
      if (lost) throw lost
      try {
        return await next(args)
      } catch (error) {
        if (!isRefusal(error)) lost = error
        throw error
      }
    },
    { step: 'finalizeRequest', name: 'askOnce' },
  )
}
