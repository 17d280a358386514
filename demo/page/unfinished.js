// Which files this browser began to send and did not finish. Their names stay here; the keys are in
// IndexedDB, unreadable.
'use strict'

globalThis.unfinished = (() => {
  const prefix = 'sealdrop-demo:'

  /**
   * Storage may be refused to a page; then nothing can be gone on with after a reload, and all else
   * works.
   */
  const trying = (work) => {
    try {
      return work()
    } catch {
      return undefined
    }
  }

  const keep = (entry) =>
    trying(() => localStorage.setItem(prefix + entry.messageId, JSON.stringify(entry)))
  const drop = (messageId) => trying(() => localStorage.removeItem(prefix + messageId))

  /** The newest, as kept: messageId, name, size, lastModified, key, begun. */
  function newest() {
    const found = trying(() =>
      Object.keys(localStorage)
        .filter((key) => key.startsWith(prefix))
        .map((key) => trying(() => JSON.parse(localStorage.getItem(key)))),
    )
    return found?.filter(Boolean).sort((a, b) => b.begun - a.begun)[0]
  }

  const isOf = (entry, file) =>
    entry !== undefined &&
    file !== undefined &&
    ['name', 'size', 'lastModified'].every((name) => entry[name] === file[name])

  return { keep, drop, newest, isOf }
})()
