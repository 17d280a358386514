import { reasonOf } from './host.js'

/**
 * What every store of an inventory has to do, in whatever medium. `make()` gives two stores over
 * one empty place.
 */
export function inventoryStoreSuite({ test, assert, fails, name, make }) {
  const purpose = {
    name: 'claims',
    use: 'enc',
    spec: 'ECC_NIST_P256',
    usage: 'KEY_AGREEMENT',
    alias: 'alias/claims',
  }
  const inventory = (counter) => ({ version: 1, counter, purposes: [purpose], keys: [] })

  test(`${name}: there is nothing at first, then what was written, member by member`, async (t) => {
    const [one, two] = await make(t)
    assert.equal(await one.read(), undefined)
    await one.write(inventory(0))
    for (const store of [one, two]) assert.deepEqual((await store.read()).inventory, inventory(0))
    await two.write(inventory(1), (await two.read()).etag)
    assert.deepEqual((await one.read()).inventory, inventory(1))
  })

  test(`${name}: of two writers that read one version one loses with conflict, and what the other wrote stays`, async (t) => {
    const [one, two] = await make(t)
    await one.write(inventory(0))
    await fails(assert, two.write(inventory(5)), 'conflict', /another writer/)
    const { etag } = await two.read()
    await one.write(inventory(1), etag)
    await fails(assert, two.write(inventory(2), etag), 'conflict', /another writer/)
    assert.equal((await two.read()).inventory.counter, 1)
    const again = (await one.read()).etag
    await one.write({ ...inventory(1), lifetime: 900_000 }, again)
    await fails(
      assert,
      two.write({ ...inventory(1), lifetime: 1_800_000 }, again),
      'conflict',
      /another writer/,
    )
    assert.equal((await two.read()).inventory.lifetime, 900_000, 'though the counter is the same')
  })

  test(`${name}: of twenty writers at once one wins, also at the first write`, async (t) => {
    const stores = await make(t)
    for (let round = 0; round < 3; round++) {
      const etag = (await stores[0].read())?.etag
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => stores[i % 2].write(inventory(round * 100 + i), etag)),
      )
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const reason of results.map(reasonOf))
        if (reason) assert.equal(reason.code, 'conflict', reason.stack)
      assert.equal(
        (await stores[1].read()).inventory.counter,
        round * 100 + results.findIndex(({ status }) => status === 'fulfilled'),
      )
    }
  })

  test(`${name}: what is no inventory is not written, and the tag of nothing is not the tag of something`, async (t) => {
    const [one] = await make(t)
    await fails(assert, one.write({ ...inventory(0), counter: -1 }), 'invalid_argument', /counter/)
    assert.equal(await one.read(), undefined)
    await fails(assert, one.write(inventory(1), '"0123456789abcdef0123456789abcdef"'), 'conflict')
  })
}
