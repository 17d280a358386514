import { fails } from '../support/host.js'

/** The plain object that the guide of errors names. */
const factsOf = (/** @type {any} */ error) => ({ ...error })

/**
 * What an error says beside its message, and that it survives to another thread or a queue.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function errorFactsSuite({ test, assert, door }) {
  const { SealdropError, importKeySet, inHand } = door

  test('{ ...error } keeps code, whose and retryable in structuredClone and JSON', async () => {
    const facts = {
      name: 'SealdropError',
      code: 'kms_throttled',
      retryable: true,
      whose: 'network',
    }
    // a cause that no clone can carry is left out
    const cause = Object.assign(new Error('below'), { work: () => {} })
    const o = /** @type {const} */ ({ retryable: true, whose: 'network', cause })
    const error = new SealdropError('kms_throttled', 'later', o)
    for (const copy of [structuredClone(factsOf(error)), JSON.parse(JSON.stringify(error))])
      assert.deepEqual(copy, facts)
    const withMessage = structuredClone({ ...factsOf(error), message: error.message })
    assert.equal(withMessage.message, 'later')
  })

  test('an error says whose fault it is only where it is told: a page has no operator', async () => {
    const told = new SealdropError('output_failed', 'full', { whose: 'operator' })
    assert.equal(told.whose, 'operator')
    assert.notProperty(new SealdropError('output_failed', 'full'), 'whose')
    const refused = await fails(
      assert,
      async () => importKeySet(/** @type {any} */ (7), { trust: inHand() }),
      ['invalid_argument'],
    )
    assert.notProperty(refused, 'whose')
  })
}
