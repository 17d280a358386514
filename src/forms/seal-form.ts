import { checkOptions } from '../errors/options.js'
import type { Context } from '../formats/context.js'
import type { CallOptions } from '../io/abort.js'
import { tell } from '../io/tell.js'
import type { KeySet } from '../keys/key-set.js'
import { sealFields } from '../seal/sealer.js'
import { sealStream } from '../stream/seal-stream.js'
import { checkForm } from './check-form.js'
import { filesMember, readForm } from './read-form.js'

/** How a form is sealed. */
export interface FormOptions extends CallOptions {
  /** The company's key set. */
  readonly keys: KeySet
  /** What text and files are bound to. Everyone can read it. Required; `{}` is allowed. */
  readonly context: Context
  /** The button that was pressed, whose name and value go along: `event.submitter`. Default: none. */
  readonly submitter?: HTMLElement | null
  /** Told of bytes of the files that are sealed. Default: nobody. */
  readonly onProgress?: (p: { readonly done: number; readonly total: number }) => void
}

/** A file of a form that was sealed. */
export interface SealedFormFile {
  /** The name of the control in which it was chosen. */
  readonly field: string
  readonly name: string
  /** Its media type as the browser says it; empty where it knows none. */
  readonly type: string
  /** Bytes of the plaintext. */
  readonly size: number
  /** The message's id, which a receipt names. */
  readonly messageId: string
  /** Chunk digest of the sealed file in base64url. Keep it, to compare it with a receipt. */
  readonly digest: string
}

/** What is sent of a form. */
export interface SealedForm {
  /** The body of the request: `fetch(url, { method: 'POST', body })`. */
  readonly body: FormData
  /** The files, in the order of the form. */
  readonly files: readonly SealedFormFile[]
}

interface SealedPart {
  readonly file: SealedFormFile
  readonly part: Blob
}

/**
 * Seals what a form holds: each text as a sealed field, each file as a sealed message.
 *
 * - `body` has the names of the form. Text of one name is one sealed string, also where there are
 *   several; files are messages, named by their ids
 * - `sealedFiles` of `body` is a sealed list of the files: field, name, type, size, message id and
 *   digest. It is there also without files, so that nobody can take it away
 * - names of controls stay readable, and so does which of them have text and how long it is
 * - the form must have `method="dialog"` and no `action`: a browser would send what was typed where
 *   the script fails
 * - what was sealed is held until it is sent; the form itself is left as it is
 *
 * @param form - a form of the page
 * @returns what to send, and what a receipt names of the files
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the form could be submitted by the browser, two controls have names that
 *     hide each other, the context is missing, or a text or a file is sealed to this key set already
 *   - `too_large`: a text has more than 1 MiB, or all files more than 256 MiB
 * @throws SealdropError while sealing:
 *   - what `sealStream` throws then
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps } from 'sealdrop'
 *   import { sealForm } from 'sealdrop/forms'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const form = document.createElement('form')
 *   form.method = 'dialog'
 *   form.innerHTML = '<input name="iban" value="DE02">'
 *   const { body } = await sealForm(form, { keys, context: { form: 'claim' } })
 *   console.log([...body.keys()].join()) // iban,sealedFiles
 *   console.log(body.get('iban').split('.').length) // 5
 *   ```
 * @see HTML, "Constructing the entry list" and "Form submission algorithm"
 */
export async function sealForm(form: HTMLFormElement, o: FormOptions): Promise<SealedForm> {
  const { keys, context, submitter, onProgress, signal } = checkOptions(
    o,
    'keys context submitter onProgress signal',
  )
  checkForm(form)
  // read now: what is typed while files are sealed belongs to another submission
  const { text, files } = readForm(form, submitter)
  const total = files.reduce((sum, [, file]) => sum + file.size, 0)
  const how = { context, ...(signal && { signal }) }
  const parts: SealedPart[] = []
  let before = 0
  for (const [field, file] of files) {
    const progress = ({ done }: { readonly done: number }): void =>
      tell(onProgress, { done: before + done, total })
    parts.push(await sealPart(keys, field, file, { ...how, onProgress: progress }))
    before += file.size
  }
  const list = parts.map(({ file }) => file)
  const record: Record<string, unknown> = { ...text, [filesMember]: list }
  const fields = await sealFields(keys, record, { ...how, fields: ['*'] })
  return { body: bodyOf(fields as Record<string, string>, parts), files: list }
}

async function sealPart(
  keys: KeySet,
  field: string,
  file: File,
  o: Parameters<typeof sealStream>[2],
): Promise<SealedPart> {
  const { name, type, size } = file
  const { readable, messageId, digest } = await sealStream(keys, file, o)
  const part = await new Response(readable).blob()
  return { file: { field, name, type, size, messageId, digest: await digest }, part }
}

function bodyOf(fields: Readonly<Record<string, string>>, parts: readonly SealedPart[]): FormData {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  for (const { file, part } of parts) body.append(file.field, part, `${file.messageId}.sealed`)
  return body
}
