// States, steps and times in words.
'use strict'

globalThis.keyWords = (() => {
  const { el } = view
  const day = 86_400_000
  const plural = (n, unit) => `${n} ${unit}${n === 1 ? '' : 's'}`
  const units = [
    [2 * 365.25 * day, 365.25 * day, 'year'],
    [120 * day, 30.44 * day, 'month'],
    [2 * day, day, 'day'],
    [2 * 3_600_000, 3_600_000, 'hour'],
    [60_000, 60_000, 'minute'],
  ]

  /** A length of time in the largest unit of which it has at least two. */
  function span(ms) {
    const [, length, unit] = units.find(([least]) => ms >= least) ?? []
    return unit ? plural(Math.round(ms / length), unit) : 'less than a minute'
  }

  const date = (iso) =>
    el(
      'time',
      { dateTime: new Date(iso).toISOString(), title: new Date(iso).toISOString() },
      new Date(iso).toLocaleDateString(document.documentElement.lang, { dateStyle: 'medium' }),
    )
  const moment = (iso) =>
    el(
      'time',
      { dateTime: new Date(iso).toISOString(), title: new Date(iso).toISOString() },
      new Date(iso).toLocaleString(document.documentElement.lang, {
        dateStyle: 'medium',
        timeStyle: 'short',
      }),
    )
  const away = (iso, now) => (new Date(iso) <= now ? 'due now' : `in ${span(new Date(iso) - now)}`)
  const ago = (iso, now) =>
    new Date(iso) <= now ? `${span(now - new Date(iso))} ago` : `in ${span(new Date(iso) - now)}`
  const activation = (plan, purpose) =>
    plan.find((step) => step.kind === 'activate' && step.key === purpose)?.notBefore
  const short = (thumbprint) => `${thumbprint.slice(0, 10)}…`
  /** Dates as they stand within the words of others. */
  const readable = (text) =>
    text
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (iso) =>
        new Date(iso).toLocaleString(document.documentElement.lang, {
          dateStyle: 'medium',
          timeStyle: 'short',
        }),
      )
      .replace(/\bP(\d+)M\b/, (_, n) => plural(Number(n), 'month'))

  const states = {
    making: ['Being made', 'a rotation was cut off while it was made; the next one finishes it'],
    next: ['Next', 'made ahead, so that its thumbprint can be handed out'],
    current: ['Current', 'its alias names it'],
    retired: ['Retired', 'enabled, for what it sealed or signed'],
    disabled: ['Disabled', 'KMS refuses every call with it'],
    deleting: ['Being deleted', 'the waiting period runs'],
    deleted: ['Deleted', 'for good: what was sealed to it is lost'],
  }
  const titles = {
    ENCRYPT_DECRYPT: 'Values and files, sealed to RSA',
    KEY_AGREEMENT: 'Values and files, sealed to an elliptic curve',
    SIGN_VERIFY: 'Receipts',
  }

  /** Each step in words: as what is to be done, and as what was done. */
  const steps = {
    create: ['Make the next key', 'Made the next key'],
    'set-aside': ['Set aside the next key, which is of another kind', 'Set aside the next key'],
    activate: ['Bring the next key into use', 'Brought the next key into use'],
    'move-alias': ['Let the alias name the current key', 'The alias names the current key now'],
    unpublish: ['Take a retired key out of the set', 'Took a retired key out of the set'],
  }

  /** Steps in rows, where the same step for several keys is one row. */
  function grouped(list) {
    const rows = new Map()
    for (const { kind, key, notBefore, why } of list) {
      const id = `${kind} ${Math.floor(new Date(notBefore) / 60_000)}`
      const { keys = [], whys = [] } = rows.get(id) ?? {}
      rows.set(id, {
        kind,
        notBefore,
        keys: [...keys, key],
        whys: [...new Set([...whys, readable(why)])],
      })
    }
    return [...rows.values()]
  }

  const sentence = (text) =>
    `${text.startsWith('alias/') ? text : text.charAt(0).toUpperCase() + text.slice(1)}.`

  function nextOfRetired({ thumbprint, keepUntil }, plan) {
    const leaves = plan.find((step) => step.kind === 'unpublish' && step.key === thumbprint)
    if (leaves) return ['Leaves the key set on', leaves.notBefore]
    return keepUntil ? ['Is kept until', keepUntil] : ['Stays enabled until you disable it']
  }

  /** What comes next for a key, by the steps of a plan: [in words, date]. */
  const nexts = {
    next: ({ purpose }, plan) => ['Comes into use on', activation(plan, purpose)],
    current: ({ purpose }, plan) => ['Is replaced on', activation(plan, purpose)],
    retired: nextOfRetired,
    disabled: () => ['Stays disabled until you restore or delete it'],
    deleting: ({ deletes }) => ['Is gone for good on', deletes],
    making: ({ purpose }, plan) => [
      'Is finished on',
      plan.find((step) => step.kind === 'create' && step.key === purpose)?.notBefore,
    ],
    deleted: () => ['Nothing: it is gone'],
  }

  return {
    span,
    plural,
    date,
    moment,
    away,
    ago,
    short,
    readable,
    states,
    titles,
    steps,
    grouped,
    sentence,
    activation,
    next: (key, plan) => nexts[key.state](key, plan),
  }
})()
