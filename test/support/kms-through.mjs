/** @import { KMSClient } from '@aws-sdk/client-kms' */

/**
 * A client whose every call goes through a function, which may count calls, change answers, or
 * crash.
 *
 * @param {KMSClient} client
 * @param {(command: any, send: () => Promise<any>) => Promise<any>} around
 * @returns {KMSClient}
 */
export function kmsThrough(client, around) {
  const through = {
    config: client.config,
    destroy() {},
    send: (command, o) => around(command, () => client.send(command, o)),
  }
  return /** @type {KMSClient} */ (/** @type {unknown} */ (through))
}
