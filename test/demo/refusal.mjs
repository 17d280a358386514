import { assert } from 'chai'

/**
 * What a promise is rejected with. A promise that is fulfilled fails the test.
 *
 * @param {Promise<unknown>} work
 * @returns {Promise<Error & { readonly code?: string, readonly retryable?: boolean }>}
 */
export const refusalOf = (work) =>
  work.then(
    () => assert.fail('expected a refusal'),
    (error) => error,
  )
