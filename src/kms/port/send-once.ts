import type { CreateKeyCommand, CreateKeyCommandOutput, KMSClient } from '@aws-sdk/client-kms'
import { isRefusal } from './aws-errors.js'

/**
 * Asks for a key only once.
 *
 * - The client would ask again where only the answer was lost, and make two keys.
 * - An answer that was lost is the error, whatever the client failed with afterwards: it may have
 *   had no credentials any more when it was about to ask again.
 */
export async function sendOnce(
  client: KMSClient,
  command: CreateKeyCommand,
  o: { readonly abortSignal?: AbortSignal },
): Promise<CreateKeyCommandOutput> {
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
    { step: 'finalizeRequest', name: 'sendOnce' },
  )
  try {
    return await client.send(command, o)
  } catch (error) {
    throw lost ?? error
  }
}
