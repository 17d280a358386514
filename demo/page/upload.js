// Sends a file in parts, sealing each when its turn comes. It knows nothing of the screen.
'use strict'

globalThis.upload = (() => {
  const partType = 'application/vnd.sealdrop.part'
  const jsonType = 'application/vnd.sealdrop.upload+json'
  const lanes = 2 // one part is sealed while another is under way, and memory holds no more
  const waits = [500, 1000, 2000, 4000]

  const path = (messageId) => `/api/files/${messageId}`
  const json = (method, where, body = {}, signal) =>
    company.ask(method, where, { type: jsonType, body: JSON.stringify(body), signal })

  const state = (messageId, signal) => company.ask('GET', path(messageId), { signal })
  const remove = (messageId) => company.ask('DELETE', path(messageId))
  const ask = (messageId, what) => json('POST', `${path(messageId)}/${what}`)

  /**
   * Sends what the company does not have yet. Then it seals again, without sending, what the
   * company has from before a reload. That shows that the file is still the same, and the digest
   * needs it.
   *
   * @param o.seen - numbers of the parts that this sealer sealed; kept over calls
   * @param o.onProgress - told of `{ done, total, checked }`: sealed bytes that are there, and the
   *   share of those from before
   */
  async function send(sealer, { seen, signal, onProgress }) {
    const { length, messageId } = sealer
    const { partLength, parts } = await patiently(
      () => json('PUT', path(messageId), { length }, signal),
      signal,
    )
    const there = new Set(parts)
    const all = Array.from({ length: Math.ceil(length / partLength) }, (_, part) => part)
    const missing = all.filter((part) => !there.has(part))
    const toCheck = all.filter((part) => there.has(part) && !seen.has(part))
    const rangeOf = (part) => [part * partLength, Math.min(length, (part + 1) * partLength)]
    let done = parts.reduce((sum, part) => sum + rangeOf(part)[1] - rangeOf(part)[0], 0)
    let checked = 0
    const tell = () =>
      onProgress({
        done,
        total: length,
        checked: toCheck.length === 0 ? 1 : checked / toCheck.length,
      })
    tell()
    await side(
      signal,
      (both) => async (part) => {
        const [start, end] = rangeOf(part)
        await patiently(async () => {
          const body = await sealer.slice(start, end, { signal: both })
          seen.add(part)
          if (!there.has(part))
            await company.ask('PUT', `${path(messageId)}/${start}`, {
              type: partType,
              body: new Blob([body]),
              signal: both,
            }) // as bytes, they would be copied in one long task
        }, both)
        if (there.has(part)) checked++
        else done += end - start
        tell()
      },
      [...missing, ...toCheck],
    )
  }

  /** Works through a list in lanes side by side. Where one fails, the others stop. */
  async function side(signal, workWith, list) {
    const stop = new AbortController()
    const work = workWith(AbortSignal.any([signal, stop.signal]))
    const lane = async () => {
      try {
        while (list.length > 0) await work(list.shift())
      } catch (error) {
        stop.abort(error)
        throw error
      }
    }
    const running = Array.from({ length: lanes }, lane)
    await Promise.allSettled(running)
    await Promise.all(running)
  }

  /**
   * Tries again after trouble that passes: a lost connection, or a server that is busy or starts
   * anew.
   */
  async function patiently(work, signal) {
    for (let i = 0; ; i++) {
      try {
        return await work()
      } catch (error) {
        signal.throwIfAborted()
        const passes =
          error.code === 'unreachable' || error.status >= 500 || error.code === 'source_failed'
        if (!passes || i === waits.length || error.code === 'no_space') throw error
        await pause(waits[i] * (0.75 + Math.random() / 2), signal)
      }
    }
  }

  const pause = (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        reject(signal.reason)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal.addEventListener('abort', stop, { once: true })
    })

  return { send, state, remove, ask }
})()
