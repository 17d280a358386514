import { KMSClient } from '@aws-sdk/client-kms'

/** The unmodified AWS client against a local KMS, with a list of the operations that went out. */
export function countingKms(config) {
  const client = new KMSClient({ maxAttempts: 1, ...config })
  /** @type {string[]} */
  const calls = []
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        calls.push(commandName.replace(/Command$/, ''))
        return next(args)
      },
    { step: 'initialize' },
  )
  return { client, calls, since: () => calls.splice(0) }
}
