// Small helpers that make elements. Text only ever becomes text, and with Trusted Types there is no
// other way in.
'use strict'

globalThis.view = (() => {
  /**
   * An element with properties, `class`, `data` and children. Children that are false or undefined
   * are left out.
   */
  function el(name, { class: className, data = {}, ...properties } = {}, ...children) {
    const node = Object.assign(document.createElement(name), properties)
    if (className) node.className = className
    Object.assign(node.dataset, data)
    node.append(...children.filter((child) => child !== false && child !== undefined))
    return node
  }

  /** Rows of name and value as a definition list. */
  const facts = (rows) =>
    el(
      'dl',
      { class: 'facts' },
      ...rows
        .filter(Boolean)
        .map(([name, ...value]) => el('div', {}, el('dt', {}, name), el('dd', {}, ...value))),
    )

  const code = (text) => el('code', {}, text)
  const note = (text) => el('small', {}, text)

  /** A failure as people need it: what is wrong in words, and the code that programs branch on. */
  const problem = (title, error) =>
    el(
      'div',
      { class: 'problem' },
      el('p', {}, el('b', {}, title), ' ', el('code', { class: 'code' }, error.code)),
      el('p', {}, sentence(error.message)),
    )

  /** A failure that was wanted, since something changed was refused. */
  const refused = (error, what, token) =>
    el(
      'div',
      { class: 'problem refused' },
      el(
        'p',
        {},
        el('b', {}, 'Refused, as it must be'),
        ' ',
        el('code', { class: 'code' }, error.code),
      ),
      el('p', {}, sentence(error.message)),
      el('p', {}, note(what)),
      token ?? false,
    )

  const sentence = (text) =>
    `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

  const number = (value) => value.toLocaleString('en')
  const units = [
    [2 ** 30, 'GiB', 2],
    [2 ** 20, 'MiB', 2],
    [2 ** 10, 'KiB', 1],
  ]
  const size = (bytes) => {
    const [unit, name, digits] = units.find(([least]) => bytes >= least && bytes >= 10_240) ?? []
    return unit ? `${(bytes / unit).toFixed(digits)} ${name}` : `${number(bytes)} bytes`
  }

  return { el, facts, code, note, problem, refused, number, size }
})()
