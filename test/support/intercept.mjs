/** @import { KMSClient } from '@aws-sdk/client-kms' */

/**
 * Lets a function see every call of a client before it goes out. The function may change the input,
 * or fail.
 *
 * @param {KMSClient} client
 * @param {(operation: string, input: any, go: (input?: object) => Promise<any>) => Promise<any>}
 *   around
 */
export function intercept(client, around) {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) =>
        around(commandName.replace(/Command$/, ''), args.input, (input = args.input) =>
          next({ ...args, input }),
        ),
    { step: 'initialize' },
  )
}

/** An error as the AWS client throws it. */
export const awsError = (name) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode: 400 } })
