// The company as this page knows it. Its published keys are believed for their thumbprints. Its
// server is believed in nothing.
'use strict'

globalThis.company = (() => {
  const failure = (code, message) => Object.assign(new Error(message), { code })

  // Keys that are believed for their thumbprints, which this page knows, and not for where they
  // come from.
  //
  // There is one key set for each choice of key, made when it first seals. On a page over plain
  // http that fails, and the page says so.
  const keySets = {}
  const given = (name) => JSON.parse(document.querySelector(`meta[name=sealdrop-${name}]`).content)
  function keysFor(alg) {
    if (!globalThis.sealdrop)
      throw failure(
        'not_loaded',
        'The library did not load, or is not the one that this page expects, so nothing can be sealed or verified',
      )
    return (keySets[alg] ??= sealdrop.fetchKeySet('/.well-known/jwks.json', {
      trust: sealdrop.pinned(given('pins')),
      prefer: [alg],
      now: demoClock.now,
    }))
  }

  /**
   * Asks the server and gives its answer. A refusal is thrown with its `code`, `status` and number
   * of `kmsCalls`.
   */
  async function ask(method, path, { type, body, signal } = {}) {
    const response = await fetch(path, {
      method,
      body,
      signal,
      ...(type && { headers: { 'content-type': type } }),
    }).catch(() => {
      signal?.throwIfAborted()
      throw failure(
        'unreachable',
        'The company’s server does not answer. Is the demo still running?',
      )
    })
    const answer = await response.json().catch(() => {
      signal?.throwIfAborted()
      return {
        code: 'unexpected',
        message: `The company’s server answered with status ${response.status}`,
      }
    })
    if (!response.ok)
      throw Object.assign(failure(answer.code, answer.message), {
        kmsCalls: answer.kmsCalls,
        status: response.status,
      })
    return answer
  }

  return { failure, given, keysFor, ask }
})()
