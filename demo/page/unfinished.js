// Remembers which files this browser began to send and did not finish. Their names are kept here.
// The keys are in IndexedDB, where they cannot be read out.
'use strict'

globalThis.unfinished = (() => {
  const prefix = 'sealdrop-demo:'

  /**
   * A browser may refuse storage to a page. Then nothing can go on after a reload, and everything
   * else works.
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

  /** The newest entry, as it was kept: messageId, name, size, lastModified, key, begun. */
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
