// Why a receipt file does not count, by code: what is wrong, and what to do.
'use strict'

globalThis.receiptWords = (() => {
  const again = 'Look for another copy of it, or ask the company to confirm what it received.'
  const notOne = [
    'This is no receipt file',
    'Choose the one that was saved as receipt-….json, as it was saved. An editor or a mail program may have changed it.',
  ]
  const noHistory =
    'Nothing is said about the receipt yet: only the history knows whether its key was taken back.'

  const refusals = {
    malformed: notOne,
    keys_malformed: notOne,
    too_large: [
      'This is no receipt file',
      'Receipt files have a few kB, and this one is far longer. It was not read.',
    ],
    rejected: [
      'It was changed, or is for another message',
      `Nothing that it says counts. ${again}`,
    ],
    keys_untrusted: [
      'Another company’s, or forged',
      'The root that this page knows did not sign the keys in it. If another company gave you the file, verify it on that company’s page.',
    ],
    key_unusable: [
      'Its key was taken back',
      'Somebody else may have the key, and who has it chooses the date that a receipt states. It counts only if you had the file before that: look into your records, and say so below.',
    ],
    expired: [
      'Its key was not valid when it signed',
      `By its own date it was signed after the key had ended, or was taken back. ${again}`,
    ],
    key_not_found: [
      'The company never had this key',
      `Neither its date nor its content counts. ${again}`,
    ],
    unsupported_algorithm: [
      'This page cannot verify it',
      'It was made by a later version, or with an algorithm that this page does not know. Load the page again, or use another browser.',
    ],
    keys_unreachable: ['The company’s history cannot be reached', `${noHistory} Try again later.`],
    keys_expired: [
      'The company’s history is out of date',
      `${noHistory} Is the clock of this computer right? Otherwise try again later.`,
    ],
    keys_rolled_back: [
      'The company’s history is older than one that this page saw',
      `${noHistory} Try again later.`,
    ],
    not_loaded: [
      'This page is incomplete',
      'The library did not load, or is not the one that this page expects, so nothing can be verified.',
    ],
  }

  /** [title, what to do]. */
  const of = ({ code }) =>
    Object.hasOwn(refusals, code)
      ? refusals[code]
      : ['It cannot be verified', 'Try again; if it stays like this, ask the company.']

  /** Codes that say nothing about the receipt itself. */
  const undecided = [
    'unsupported_algorithm',
    'keys_unreachable',
    'keys_expired',
    'keys_rolled_back',
    'not_loaded',
  ]
  const verdict = ({ code }) =>
    undecided.includes(code) || !Object.hasOwn(refusals, code) ? 'Not verified.' : 'Refused.'

  return { of, verdict }
})()
