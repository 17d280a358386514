import type { ByteSource } from '../../io/byte-source.js'
import type { Items } from '../../io/side-by-side.js'
import type { StreamSource } from '../../io/stream-source.js'
import type { ManyFile, OpenFileOutcome, OpenManyFilesOptions } from '../../open/open-many-files.js'
import type { OpenFileOptions } from '../../open/options.js'
import type { DigestedStream, OpenedStream, OpenStreamOptions } from '../../open/stream-opener.js'
import type { OpenedFile } from './open-file.js'

/** What an opener does with sealed files and streams, each with one KMS call. */
export interface FileOpener {
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
   * Opens many sealed files, each into a sink of its own, and answers what became of each.
   *
   * - Copies of one file cost one KMS call within a minute of a run, as values of `openMany` do.
   * - `concurrency` files are under way at once, and `maxBytes` bounds the memory of their frames.
   * - A file that does not open, or whose sink fails, stops no other one. Its source is given up.
   * - An error of the stream is the outcome, also where the sink hides it.
   * - What the sink wrote counts only if its outcome has no `error`.
   *
   * @param items - a list, or an async iterable, of sources with what is expected and a sink
   * @returns outcomes; leave the loop, and what is under way ends
   * @throws SealdropError for what it was given, at once:
   *   - `invalid_argument`: an option is wrong, or this is no list
   * @throws SealdropError as `error` of an outcome:
   *   - what `openStream` throws, before and while it is read
   *   - `output_failed`: the sink failed, or ended before `readable` did; the cause is beneath
   *   - `closed`: the opener was closed, or the signal of this file ended it
   * @example
   *   ```js
   *   import { fetchKeySet, overHttps, sealStream } from 'sealdrop'
   *   import { createOpener } from 'sealdrop/kms'
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const context = { export: 'orders' }
   *   const { readable: source } = await sealStream(keys, new Blob(['id;iban']), { context })
   *   const sink = ({ readable }) => new Response(readable).text()
   *   const opener = createOpener({ keys: ['alias/claims'] })
   *   for await (const { result, error } of opener.openManyFiles([{ source, context, sink }]))
   *     console.log(result ?? error.code) // id;iban
   *   await opener.close()
   *   ```
   */
  openManyFiles<Item extends ManyFile>(
    items: Items<Item>,
    o?: OpenManyFilesOptions,
  ): AsyncGenerator<OpenFileOutcome<Item>, void, undefined>
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
