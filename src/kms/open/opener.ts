import type { CallOptions } from '../../io/abort.js'
import type { ByteSource } from '../../io/byte-source.js'
import type { StreamSource } from '../../io/stream-source.js'
import type { Opened } from '../../open/open-value.js'
import type { OpenFileOptions, OpenOptions } from '../../open/options.js'
import type { DigestedStream, OpenedStream, OpenStreamOptions } from '../../open/stream-opener.js'
import type { FieldOptions, SealedFields } from '../../seal/sealer.js'
import type { OpenedFile } from './open-file.js'

/**
 * Opens what was sealed to its keys, each value or stream with one KMS call.
 *
 * - Everything that public bytes decide is checked before KMS is called.
 * - After KMS answered, every failure of a value is the one code `rejected`, which tells nothing.
 */
export interface Opener {
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
   * Forgets remembered data keys, and ends the KMS clients that this opener made.
   *
   * - Verbs that are called later throw `closed`.
   * - A KMS client that you passed stays open.
   *
   * @example
   *   ```js
   *   import { createOpener } from 'sealdrop/kms'
   *   const opener = createOpener({ keys: ['alias/claims'] })
   *   await opener.close()
   *   const failure = await opener.ready().catch(({ code }) => code)
   *   console.log(failure) // closed
   *   ```
   */
  close(): Promise<void>
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
  /**
   * Opens a sealed stream of any length in constant memory, with one KMS call.
   *
   * - It resolves when the header is authentic. Each frame is handed out after its tag verified.
   * - A stream that was cut fails at its end. Use what you read only if no error came.
   * - A stream does not say when it was sealed: an opener with a maximum age refuses it.
   * - With `digest: true` it also answers what a receipt names, so that nothing is read twice.
   *
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: context or source are wrong, or no Region is known for a key
   *   - `malformed`: the header is not one as specified, or the inventory is damaged
   *   - `too_large`: the header is over a limit
   *   - `unsupported_algorithm`: the stream was sealed in a way that is not opened here
   *   - `key_not_found`: the stream was sealed to no key of this opener
   *   - `key_unusable`: the inventory says that each key of this opener was deleted
   *   - `context_mismatch`: it was sealed for another context
   *   - `expired`: a maximum age is set, and streams have none
   *   - `source_failed`: the source, or the inventory, cannot be read
   *   - `source_changed`: the source is another one than it was
   *   - `closed`: the opener was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, or is gone
   * @throws SealdropError while reading:
   *   - `rejected`: it was changed on its way, or not sealed for this key
   *   - `malformed`: it was cut, or added to
   *   - `source_failed`: the source cannot be read further
   *   - `source_changed`: the source was changed meanwhile
   * @example
   *   ```js
   *   import { fetchKeySet, overHttps, sealStream } from 'sealdrop'
   *   import { createOpener } from 'sealdrop/kms'
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const context = { export: 'orders' }
   *   const { readable } = await sealStream(keys, new Blob(['id;iban\n7;DE02']), { context })
   *   const opener = createOpener({ keys: ['alias/claims'] })
   *   const opened = await opener.openStream(readable, { context })
   *   console.log(await new Response(opened.readable).text()) // id;iban…
   *   await opener.close()
   *   ```
   * @see message-format.md; AWS Encryption SDK message format, version 2
   */
  openStream(source: StreamSource, o: OpenStreamOptions): Promise<DigestedStream>
  /**
   * Opens part of a sealed file, and reads nothing but the frames of that part and the last one.
   *
   * - `start` and `end` are bytes of the plaintext. They are cut to what is there.
   * - The last frame is read and verified first, since it says how long the plaintext is.
   * - `openRange(source, 0, Infinity, o)` opens the whole, and its length is verified before.
   * - For a file behind a URL, see {@link httpSource}.
   *
   * @returns the part, with its exact `length` in bytes
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: range, context or source are wrong, or no Region is known for a key
   *   - `malformed`: header or length are not as specified, or the inventory is damaged
   *   - `too_large`: the header is over a limit
   *   - `unsupported_algorithm`: the file was sealed in a way that is not opened here
   *   - `key_not_found`: the file was sealed to no key of this opener
   *   - `key_unusable`: the inventory says that each key of this opener was deleted
   *   - `context_mismatch`: it was sealed for another context
   *   - `expired`: a maximum age is set, and streams have none
   *   - `source_failed`: the source, or the inventory, cannot be read
   *   - `source_changed`: the source is another one than it was
   *   - `closed`: the opener was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, or is gone
   * @throws SealdropError while reading:
   *   - `rejected`: a frame was changed on its way, or not sealed for this key
   *   - `malformed`: the file was cut, or added to
   *   - `source_failed`: the source cannot be read further
   *   - `source_changed`: the source was changed meanwhile
   * @example
   *   ```js
   *   import { fetchKeySet, overHttps, sealStream } from 'sealdrop'
   *   import { createOpener } from 'sealdrop/kms'
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const context = { export: 'orders' }
   *   const { readable } = await sealStream(keys, new Blob(['order 7, order 8']), { context })
   *   const file = await new Response(readable).blob()
   *   const opener = createOpener({ keys: ['alias/claims'] })
   *   const part = await opener.openRange(file, 9, Infinity, { context })
   *   console.log(part.length, await new Response(part.readable).text()) // 7 order 8
   *   await opener.close()
   *   ```
   */
  openRange(
    source: Blob | ByteSource,
    start: number,
    end: number,
    o: OpenFileOptions,
  ): Promise<OpenedStream & { readonly length: number }>
  /**
   * Opens a sealed file into another file, which appears only when everything verified.
   *
   * - The output is written to a temporary file beside it, with the mode 0600.
   * - It takes the place of what was there, also behind a link. An error leaves nothing behind.
   *
   * @returns also length and chunk digest of the sealed file, as `signReceipt` takes them
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: a path or the context is wrong, both are one file, or it is a device
   *   - `malformed`: the header is not one as specified, or the inventory is damaged
   *   - `too_large`: the header is over a limit
   *   - `unsupported_algorithm`: the file was sealed in a way that is not opened here
   *   - `key_not_found`: the file was sealed to no key of this opener
   *   - `key_unusable`: the inventory says that each key of this opener was deleted
   *   - `context_mismatch`: it was sealed for another context
   *   - `expired`: a maximum age is set, and streams have none
   *   - `source_failed`: the sealed file, or the inventory, cannot be read
   *   - `closed`: the opener was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, or is gone
   * @throws SealdropError while reading:
   *   - `rejected`: it was changed on its way, or not sealed for this key
   *   - `malformed`: it was cut, or added to
   *   - `source_failed`: the sealed file cannot be read further
   *   - `source_changed`: the sealed file was changed meanwhile
   *   - `output_failed`: the output cannot be written
   * @example
   *   ```js
   *   import { writeFile } from 'node:fs/promises'
   *   import { fetchKeySet, overHttps, sealStream } from 'sealdrop'
   *   import { createOpener } from 'sealdrop/kms'
   *   import { fileSource } from 'sealdrop/fs'
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const context = { order: '7' }
   *   const { readable } = await sealStream(keys, await fileSource('report.pdf'), { context })
   *   await writeFile('report.sealed', readable)
   *   const opener = createOpener({ keys: ['alias/claims'] })
   *   const { length } = await opener.openFile('report.sealed', 'opened.pdf', { context })
   *   console.log(length) // 1048…
   *   ```
   */
  openFile(input: string | URL, output: string | URL, o: OpenFileOptions): Promise<OpenedFile>
}
