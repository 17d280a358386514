// What the page shows of a key. These functions turn data into elements, and `act` does what a
// button says.
'use strict'

globalThis.keyCards = (() => {
  const { el, facts, code } = view
  const { states, titles, date, moment, ago, away, span, short } = keyWords

  const phases = [
    ['ahead', 'made'],
    ['use', 'starts'],
    ['leaving', 'retired'],
    ['kept', 'unpublished'],
    ['off', 'disabled'],
  ]
  const legend = {
    ahead: 'made ahead',
    use: 'in use',
    leaving: 'retired, in the key set',
    kept: 'retired, out of the set',
    off: 'disabled',
    now: 'now; what is planned is paler',
  }

  function endOf({ deletes, state }, { now, planned }) {
    if (deletes) return Number(new Date(deletes))
    return ['current', 'next'].includes(state) ? planned : now
  }

  /**
   * The life of a key as a bar, until now or until what is planned for it. `from` and `to` are the
   * ends of the scale of its purpose.
   */
  function timeline(key, { from, to, now, planned }) {
    const marks = phases
      .filter(([, member]) => key[member])
      .map(([phase, member]) => [phase, Number(new Date(key[member]))])
    const end = endOf(key, { now, planned })
    const parts = [['', from], ...marks, ['', end]].map(([phase, at], i, all) => [
      phase,
      Math.max(0, (all[i + 1]?.[1] ?? to) - at),
    ])
    const bar = el(
      'div',
      { class: 'life', ariaHidden: 'true' },
      ...parts.map(([phase]) => el('span', { class: phase })),
      el('i', {}),
    )
    parts.forEach(([, length], i) => {
      bar.children[i].style.flexGrow = length / (to - from || 1)
    })
    bar.lastChild.style.left = `${((now - from) / (to - from || 1)) * 100}%`
    return bar
  }

  function used({ lastUse, state }, now) {
    if (lastUse)
      return [
        moment(lastUse.at),
        ` (${ago(lastUse.at, now)}) by `,
        el('span', { class: 'tag' }, `kms:${lastUse.operation}`),
      ]
    if (lastUse === null) return ['Never']
    return [state === 'deleted' ? 'KMS does not have it any more' : 'KMS does not say']
  }

  function inUse({ starts, retired }, now) {
    if (!starts) return ['Never yet']
    const since = new Date(starts)
    if (retired)
      return [date(starts), ' to ', date(retired), ` (${span(new Date(retired) - since)})`]
    return since > now
      ? ['From ', moment(starts)]
      : ['Since ', date(starts), ` (${span(now - since)})`]
  }

  const whatNext = (key, { steps, now }) => {
    const [words, at] = keyWords.next(key, steps)
    return at ? [`${words} `, moment(at), ` (${away(at, now)})`] : [words]
  }

  function copyButton(thumbprint, act) {
    const made = el(
      'button',
      {
        type: 'button',
        class: 'small',
        id: `copy-${thumbprint}`,
        ariaLabel: `Copy the thumbprint ${short(thumbprint)}`,
      },
      'Copy',
    )
    made.addEventListener('click', () => act.copy(made, thumbprint))
    return made
  }

  /** A panel that opens, with what it will do, what it asks for, and its buttons. */
  function panel(title, text, field, ...buttons) {
    return el(
      'details',
      { class: 'ask' },
      el('summary', {}, title),
      el('p', {}, ...text),
      field,
      el('p', { class: 'actions' }, ...buttons),
    )
  }

  function button(text, run, properties = {}) {
    const made = el('button', { type: 'button', ...properties }, text)
    made.addEventListener('click', () => run(made))
    return made
  }

  /** 2030-01-31, as date fields have it. */
  const day = (time) => new Date(time).toLocaleDateString('sv')

  function retire(key, { now }, act) {
    const input = el('input', { type: 'date', value: day(key.keepUntil ?? now) })
    const until = () => ({
      key: key.thumbprint,
      keepUntil: input.value && new Date(`${input.value}T00:00`),
    })
    const signs = key.usage === 'SIGN_VERIFY'
    return panel(
      'Retire and disable …',
      [
        signs
          ? 'It signs nothing any more; once it is disabled it leaves the key set, and pages cannot verify with it.'
          : 'From then on nothing opens with it, until it is restored.',
        ' Say until when what it ',
        signs ? 'signed' : 'sealed',
        ' may be needed; before that it is not disabled.',
      ],
      el('label', {}, 'Needed until ', input),
      button('Disable it', (self) => act.run(self, key, 'retire', { ...until(), disable: true }), {
        class: 'danger',
      }),
      button('Only keep this date', (self) => act.run(self, key, 'retire', until())),
    )
  }

  function remove(key, state, act) {
    const input = el('input', {
      type: 'text',
      autocomplete: 'off',
      spellcheck: false,
      maxLength: 43,
    })
    return panel(
      'Delete …',
      [
        key.usage === 'SIGN_VERIFY'
          ? 'What it signed can still be verified with its public key. '
          : [
              'Everything that was sealed to it',
              ...(key.starts
                ? [', in use from ', date(key.starts), ' to ', date(key.retired ?? state.now)]
                : []),
              ' becomes unreadable for everybody, backups included. ',
            ],
        'It is final after 30 days; until then it can be restored.',
      ].flat(),
      el('label', {}, 'Type its thumbprint again: ', code(key.thumbprint), input),
      button(
        'Delete it in 30 days',
        (self) =>
          act.run(self, key, 'delete', { key: key.thumbprint, confirm: input.value.trim() }),
        { class: 'danger' },
      ),
    )
  }

  const restore = (key, state, act) =>
    el(
      'p',
      { class: 'actions' },
      button('Restore', (self) => act.run(self, key, 'restore', { key: key.thumbprint })),
    )

  /**
   * Taking back is for keys that sign. A key to seal to keeps what was sealed to it, so only its
   * place in the set can be taken back.
   */
  function takeBack(key, state, act) {
    if (key.usage !== 'SIGN_VERIFY' || key.revoked) return undefined
    return panel(
      'Take back (compromised) …',
      [
        'When somebody else may sign with it. It leaves the key set at once',
        key.state === 'current' ? ', the next key takes its place' : '',
        ', and nothing that it ever signed counts, unless who verifies can show that they held it before. There is no way back.',
      ],
      undefined,
      button('Take it back', (self) => act.run(self, key, 'revoke', { key: key.thumbprint }), {
        class: 'danger',
      }),
    )
  }

  const doings = {
    current: [takeBack],
    retired: [retire, takeBack],
    disabled: [restore, remove, takeBack],
    deleting: [restore],
  }

  function card(key, state, act) {
    const { thumbprint, made, spec } = key
    const [name, meaning] = states[key.state]
    const id = thumbprint ?? `making-${key.purpose}`
    return el(
      'article',
      {
        class: 'key',
        data: { state: key.state, key: id },
        ariaLabel: `${name} key ${thumbprint ? short(thumbprint) : ''}`,
      },
      el(
        'p',
        { class: 'key-head' },
        el('span', { class: 'state', title: meaning }, name),
        ' ',
        thumbprint && el('code', { title: thumbprint }, short(thumbprint)),
        ' ',
        thumbprint && copyButton(thumbprint, act),
      ),
      made && timeline(key, state),
      facts([
        [
          'Made',
          ...(made ? [date(made), ` (${ago(made, state.now)}), `] : []),
          el('span', { class: 'tag' }, spec),
        ],
        ['In use', ...inUse(key, state.now)],
        made && ['Last used', ...used(key, state.now)],
        key.revoked && [
          'Taken back',
          moment(key.revoked.at),
          ' ',
          el('span', { class: 'bad' }, key.revoked.reason),
        ],
        ['Next', ...whatNext(key, state)],
      ]),
      ...(doings[key.state] ?? []).map((make) => make(key, state, act)),
      el('div', { class: 'result', data: { outcome: id } }),
      el('div', { class: 'problems', data: { problems: id }, role: 'alert' }),
    )
  }

  const shownAtOnce = 4

  function purpose({ name, usage, alias, keys }, overview, act) {
    const times = keys
      .flatMap(({ made, deletes }) => [made, deletes])
      .filter(Boolean)
      .map((iso) => Number(new Date(iso)))
    const now = Number(overview.now)
    const planned = Math.max(now, new Date(keyWords.activation(overview.steps, name) ?? now))
    const state = {
      ...overview,
      planned,
      from: Math.min(...times, now),
      to: Math.max(...times, planned),
    }
    const made = keys.map((key) => card(key, state, act))
    const earlier = made.slice(shownAtOnce)
    return el(
      'section',
      { class: 'purpose', ariaLabel: titles[usage], data: { purpose: name } },
      el('h2', {}, titles[usage]),
      el('p', { class: 'lead' }, code(alias)),
      el('div', { class: 'keys-grid' }, ...made.slice(0, shownAtOnce)),
      earlier.length > 0 &&
        el(
          'details',
          { class: 'earlier', id: `earlier-${name}` },
          el('summary', {}, `${keyWords.plural(earlier.length, 'earlier key')}`),
          el('div', { class: 'keys-grid' }, ...earlier),
        ),
    )
  }

  const legendOf = () =>
    el(
      'ul',
      { class: 'legend life-legend' },
      ...Object.entries(legend).map(([phase, words]) =>
        el('li', { class: phase }, el('small', {}, words)),
      ),
    )

  return { purpose, legend: legendOf }
})()
