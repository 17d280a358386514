// The page that downloads a large file. The file is verified as it arrives, and written as it
// verifies.
'use strict'

{
  const { find } = stage
  const { el, facts, code, size, problem, refused } = view
  // where there is no file picker, the verified bytes are kept until they are saved
  const toDisk = 'showSaveFilePicker' in globalThis
  let stop

  find('#saving').textContent = toDisk
    ? 'You choose where it goes, and it is written there while it verifies.'
    : 'This browser cannot write while it downloads, so the verified bytes are kept, and offered at the end.'

  /** Where verified bytes go: to a file that is there when all verified, or not at all. */
  async function target(name) {
    if (toDisk) {
      const handle = await showSaveFilePicker({ suggestedName: name })
      const writable = await handle.createWritable()
      /** The picker made an empty file. A file that was there before is left as it was. */
      const discard = async () => {
        if ((await handle.getFile()).size === 0) await handle.remove?.()
      }
      return { writable, discard, saved: () => ['Saved as ', code(handle.name)] }
    }
    const parts = []
    const writable = new WritableStream({
      write: (chunk) => {
        parts.push(new Blob([chunk]))
      },
    }) // a Blob may lie on a disk
    return {
      writable,
      discard: async () => {},
      saved: () => [
        el(
          'a',
          { id: 'save', download: name, href: URL.createObjectURL(new Blob(parts)) },
          `Save ${name}`,
        ),
      ],
    }
  }

  const verdict = (...nodes) => {
    find('[data-card=result] .waiting').hidden = nodes.length > 0
    find('[data-card=result]').dataset.state = nodes.length > 0 ? 'now' : 'later'
    find('#result').replaceChildren(...nodes)
  }

  /**
   * What a server sends, once it sends a file at all. Its words about a failure must not be taken
   * for a changed file.
   */
  async function bodyOf(url, signal) {
    const response = await fetch(url, { signal }).catch(() => undefined)
    signal.throwIfAborted()
    if (!response?.ok)
      throw company.failure('unreachable', 'The file is not there, or its server does not answer')
    return response.body
  }

  const speed = (length, ms) =>
    `${((length / 1_048_576 / ms) * 1000).toFixed(0)} MiB/s, ${(ms / 1000).toFixed(1)} s in all`

  async function download(path) {
    const chosen = find('[name=size]:checked').value
    const name = `sealdrop-demo-${chosen}-mib.bin`
    verdict()
    const { writable, discard, saved } = await target(name)
    stop = new AbortController()
    const { signal } = stop
    meter.start('verified')
    find('#meter').hidden = false
    let done = 0
    try {
      const { signature } = await company.ask('GET', `/api/downloads/${chosen}/signature`, {
        signal,
      })
      const began = performance.now()
      const file = await sealdrop.verifyStream(
        company.keysFor('ES256'),
        signature,
        await bodyOf(`/api/downloads/${chosen}/${path}`, signal),
        {
          name,
          context: { demo: 'download' },
          signal,
          onProgress: (progress) => {
            ;({ done } = progress)
            meter.update(progress)
          },
        },
      )
      // what fails aborts the file, so that nothing is left of it
      await file.readable.pipeTo(writable, { signal })
      verdict(
        el(
          'p',
          { class: 'verified' },
          el('b', {}, 'Verified.'),
          ' Every byte is one that the company’s KMS signed.',
        ),
        facts([
          ['File', code(file.name)],
          ['Length', size(file.length)],
          ['Speed', speed(file.length, performance.now() - began)],
          ['Signed', file.signedAt.toLocaleString(document.documentElement.lang)],
          ['By', code(file.key.thumbprint)],
          ['Algorithm', file.key.alg],
          ['Digest', code(file.digest)],
        ]),
        el('p', {}, ...saved()),
      )
      find('#status').textContent = 'The whole file verified.'
    } catch (error) {
      await writable.abort(error).catch(() => {}) // where it failed before it was written to
      await discard().catch(() => {})
      if (signal.aborted) return verdict(el('p', {}, 'Cancelled. Nothing was saved.'))
      if (error.code !== 'rejected') throw error
      verdict(refused(error, `${size(done)} had verified before it. Nothing was saved.`))
      find('#status').textContent = 'The file was changed, and refused.'
    } finally {
      find('#meter').hidden = true
    }
  }

  for (const path of ['file', 'mirror']) {
    stage.onClick(`#${path}`, 'download', async () => {
      try {
        await download(path)
      } catch (error) {
        if (error.name === 'AbortError') return // the picker was closed
        verdict(
          problem(
            'That did not work',
            typeof error?.code === 'string'
              ? error
              : { code: 'unexpected', message: String(error?.message) },
          ),
        )
      }
    })
  }
  find('#cancel').addEventListener('click', () => stop?.abort())
}
