// Two words for the type checker, each of which says what a test means.

/**
 * Hands on what a test needs, and fails where it is not there.
 *
 * @template T
 * @param {T | null | undefined} value
 * @returns {T}
 */
export function present(value) {
  if (value === undefined || value === null) throw new Error('what the test needs is not there')
  return value
}

/**
 * Hands on wrong input as it is. The test is about what is refused, although the types do not take
 * it.
 *
 * @param {unknown} value
 * @returns {any}
 */
export const wrong = (value) => value

/**
 * The port of a server that listens.
 *
 * @param {import('node:net').Server} server
 */
export function listeningPort(server) {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen')
  return address.port
}
