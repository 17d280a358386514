import { ensure, shown } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'

/** The member that lists the files of a form. */
export const filesMember = 'sealedFiles'

/** Bytes of all files of one form, since what is sealed of them is held until it is sent. */
const mostFileBytes = 268_435_456

/** What a form held at one moment. */
export interface FormContent {
  /** Text by name. Several of one name are an array. */
  readonly text: Readonly<Record<string, string | readonly string[]>>
  readonly files: readonly (readonly [field: string, file: File])[]
}

/**
 * Reads a form, as a browser would submit it.
 *
 * - a file input in which nothing was chosen is left out
 * - a name is either of text or of files: one part would hide the other
 *
 * @throws SealdropError `invalid_argument` for a name, `too_large` for the files
 * @see HTML, "Constructing the entry list"
 */
export function readForm(form: HTMLFormElement, submitter?: HTMLElement | null): FormContent {
  const entries = entriesOf(form, submitter)
  const texts = new Map<string, string[]>()
  const files: [string, File][] = []
  for (const [name, value] of entries) {
    if (typeof value === 'string') texts.set(name, [...(texts.get(name) ?? []), value])
    else if (value.name !== '' || value.size > 0) files.push([name, value])
  }
  checkNames(entries.map(([name]) => name))
  for (const [name] of files)
    ensure(
      !texts.has(name),
      'invalid_argument',
      `form: ${shown(name)} is the name of text and of a file: give each its own name`,
    )
  const size = files.reduce((sum, [, file]) => sum + file.size, 0)
  ensure(
    size <= mostFileBytes,
    'too_large',
    `form: its files have ${size} bytes, at most ${mostFileBytes} go with a form: ` +
      'send them with uploadSealed of sealdrop/upload',
  )
  const text = [...texts].map(([name, [first = '', ...more]]) => [
    name,
    more.length === 0 ? first : [first, ...more],
  ])
  return { text: Object.fromEntries(text), files }
}

/** @throws SealdropError `invalid_argument` where the submitter is no button of the form */
function entriesOf(
  form: HTMLFormElement,
  submitter: HTMLElement | null | undefined,
): readonly [string, FormDataEntryValue][] {
  try {
    return [...new FormData(form, submitter ?? null)]
  } catch (cause) {
    throw new SealdropError(
      'invalid_argument',
      'submitter: expected the button of this form that was pressed, event.submitter',
      { cause },
    )
  }
}

function checkNames(names: readonly string[]): void {
  ensure(
    !names.includes(filesMember),
    'invalid_argument',
    `form: the name ${filesMember} is the one of the list of files: choose another one`,
  )
}
