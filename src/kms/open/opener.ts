import type { CallOptions } from '../../io/abort.js'
import type { Items } from '../../io/side-by-side.js'
import type { ManyItem, OpenManyOptions, OpenOutcome } from '../../open/open-many.js'
import type { Opened } from '../../open/open-value.js'
import type { OpenOptions } from '../../open/options.js'
import type { FieldOptions, SealedFields } from '../../seal/sealer.js'
import type { FileOpener } from './file-opener.js'

/** How long closing waits. */
export interface CloseOptions {
  /** Gives up what is still under way: closing does not wait for it any longer. Default: none. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens what was sealed to its keys, each value or stream with one KMS call.
 *
 * - Everything that public bytes decide is checked before KMS is called.
 * - After KMS answered, every failure of a value is the one code `rejected`, which tells nothing.
 */
export interface Opener extends FileOpener {
  /**
   * Loads the keys now, so that a wrong configuration shows when the program starts.
   *
   * - Without it the first verb loads them. Nobody need await it.
   * - With an inventory as `keys` it reads the inventory, and KMS is not called.
   *
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: no Region is known for a key, or a key is none to open with
   *   - `key_not_found`: there is no inventory, or it has no key to open with
   *   - `source_failed`: the inventory cannot be read
   *   - `malformed`: the inventory is damaged
   *   - `closed`: the opener was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: a key is disabled, deleted, unknown, or made for signing
   *   - `unsupported_algorithm`: a key is of a kind that Sealdrop does not use
   * @example
   *   ```js
   *   import { createOpener } from 'sealdrop/kms'
   *   const opener = createOpener({ keys: ['alias/claims', 'alias/misspelt'] })
   *   const failure = await opener.ready().catch(({ code }) => code)
   *   console.log(failure) // key_unusable
   *   await opener.close()
   *   ```
   */
  ready(o?: CallOptions): Promise<void>
  /**
   * Waits for what is under way, then ends the KMS clients that this opener made.
   *
   * - Verbs that are called later throw `closed`. Remembered data keys are forgotten.
   * - `openMany` and `openManyFiles` finish what they began, and ask for no further item.
   * - A stream that was handed out needs KMS no more: it is not waited for, and can be read on.
   * - A KMS client that you passed stays open.
   * - Do not await it in a sink or a replay store: it would wait for itself.
   *
   * @param o - `signal` gives up what is still under way, which fails by `closed`
   * @throws SealdropError `invalid_argument`
   * @example
   *   ```js
   *   import { createOpener } from 'sealdrop/kms'
   *   const opener = createOpener({ keys: ['alias/claims'] })
   *   await opener.close()
   *   const failure = await opener.ready().catch(({ code }) => code)
   *   console.log(failure) // closed
   *   ```
   */
  close(o?: CloseOptions): Promise<void>
  /**
   * Opens a sealed value with one KMS call.
   *
   * - `text()` and `json()` of the answer give back what was sealed, `bytes` the bytes.
   * - A data key that the cache remembers costs no call.
   * - Where one of two replicas is down, denied or disabled, the other one is asked.
   *
   * @param jwe - the sealed value, as `seal` answered it
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: the context is missing, or no Region is known for a key
   *   - `malformed`: the value is not a JWE as specified, or the inventory is damaged
   *   - `too_large`: the value is over a limit
   *   - `unsupported_algorithm`: the value was sealed in a way that is not opened here
   *   - `key_not_found`: the value names a key that this opener has not
   *   - `key_unusable`: the inventory says that its key was deleted
   *   - `context_mismatch`: it was sealed for another context
   *   - `expired`: it is older than `maxAge`, or does not say how old it is
   *   - `replayed`: it was opened before
   *   - `source_failed`, `output_failed`: the inventory, or the replay store, failed
   *   - `closed`: the opener was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later, or use the cache
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, or is gone
   * @throws SealdropError while reading:
   *   - `rejected`: it was changed on its way, or not sealed for this key
   *   - `replayed`: another opener of the same replay store opened it meanwhile
   * @example
   *   ```js
   *   import { fetchKeySet, overHttps, seal } from 'sealdrop'
   *   import { createOpener } from 'sealdrop/kms'
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const context = { form: 'claims' }
   *   const sealed = await seal(keys, { iban: 'DE02120300000000202051' }, { context })
   *   const opener = createOpener({ keys: ['alias/claims', 'alias/vault'] })
   *   const opened = await opener.open(sealed, { context })
   *   console.log(opened.json().iban) // DE02120300000000202051
   *   await opener.close()
   *   ```
   * @see RFC 7516 §5.2
   */
  open(jwe: string, o: OpenOptions): Promise<Opened>
  /**
   * Opens many sealed values, and answers what became of each of them.
   *
   * - Values under one wrapped key, as of a sealer, cost one KMS call within a minute of a run.
   * - A value that does not open stops no other one, and no other value costs more by it.
   * - The next value is asked for when there is room: `4 * concurrency` are begun at most.
   * - A failure of KMS that passes is the outcome of those that waited for it. Ask again for those.
   * - Where `items` throws, that is thrown behind the outcomes of all that it gave before.
   *
   * @param items - a list, or an async iterable, of values with what is expected of each
   * @returns outcomes; leave the loop, and what is under way ends
   * @throws SealdropError for what it was given, at once:
   *   - `invalid_argument`: an option is wrong, or this is no list
   * @throws SealdropError as `error` of an outcome:
   *   - what `open` throws
   *   - `closed`: the opener was closed, or the signal of this value ended it
   * @example
   *   ```js
   *   import { createSealer, fetchKeySet, overHttps } from 'sealdrop'
   *   import { createOpener } from 'sealdrop/kms'
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const jwe = await createSealer(keys).seal('DE02', { context: {} })
   *   const items = [{ jwe, context: {} }, { jwe: 'not sealed', context: {} }]
   *   const opener = createOpener({ keys: ['alias/claims', 'alias/vault'] })
   *   const found = []
   *   for await (const { opened, error } of opener.openMany(items))
   *     found.push(opened?.text() ?? error.code)
   *   console.log(found) // [ 'DE02', 'malformed' ]
   *   await opener.close()
   *   ```
   * @see RFC 7516 §11.5
   */
  openMany<Item extends ManyItem>(
    items: Items<Item>,
    o?: OpenManyOptions,
  ): AsyncGenerator<OpenOutcome<Item>, void, undefined>
  /**
   * Opens the named fields of a record, and answers a copy of it with their values in place.
   *
   * - It costs one KMS call for each data key: `sealFields` uses one, and 8 are taken at most.
   * - A field opens only at the place at which it was sealed.
   * - A field whose path allows it by `?` may be absent. It can then be removed unnoticed.
   *
   * @param record - as `sealFields` answered it
   * @param o - also `fields`, as they were named for `sealFields`
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: context or fields are missing, or no Region is known for a key
   *   - `rejected`: a named field is missing without `?`, or is not sealed
   *   - `malformed`: a field is not a JWE as specified, or the inventory is damaged
   *   - `too_large`: a field is over a limit, or the fields are under more than 8 data keys
   *   - `unsupported_algorithm`: a field was sealed in a way that is not opened here
   *   - `key_not_found`: a field names a key that this opener has not
   *   - `key_unusable`: the inventory says that the key of a field was deleted
   *   - `context_mismatch`: a field was sealed for another context, or for another place
   *   - `expired`: a field is older than `maxAge`, or does not say how old it is
   *   - `replayed`: a field was opened before
   *   - `source_failed`, `output_failed`: the inventory, or the replay store, failed
   *   - `closed`: the opener was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later, or use the cache
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, or is gone
   * @throws SealdropError while reading:
   *   - `rejected`: a field was changed on its way, or not sealed for this key
   *   - `malformed`: a field is authentic, but not what its content type says, or JSON deeper than
   *     1,000 levels
   *   - `replayed`: another opener of the same replay store opened it meanwhile
   * @example
   *   ```js
   *   import { fetchKeySet, overHttps, sealFields } from 'sealdrop'
   *   import { createOpener } from 'sealdrop/kms'
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const options = { fields: ['card.number'], context: { table: 'orders' } }
   *   const order = { id: 7, card: { number: '4111111111111111', expires: '12/31' } }
   *   const record = await sealFields(keys, order, options)
   *   const opener = createOpener({ keys: ['alias/claims', 'alias/vault'] })
   *   const { card } = await opener.openFields(record, options)
   *   console.log(card.number, card.expires) // 4111111111111111 12/31
   *   await opener.close()
   *   ```
   * @see RFC 6901 for the place of a field
   */
  openFields<T extends object>(record: SealedFields<T>, o: OpenOptions & FieldOptions): Promise<T>
}
