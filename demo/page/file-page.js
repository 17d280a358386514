// The page for a file of any size. It seals the file piece by piece while it sends it, goes on
// after an interruption, and has it opened on demand.
'use strict'

{
  const { find, fill, mark } = stage
  const form = find('#claim')
  const input = find('#file')
  const context = { form: 'insurance-claim', part: 'file' }
  const small = 16 * 2 ** 20 // up to here this tab reads a file whole, to hash it

  /**
   * The chosen file, with its sealer and keys, what must be in its receipts, and how far its
   * sending is.
   */
  let current
  let kept
  const records = () => (kept ??= sealdrop.indexedDbRecords())

  async function prepare() {
    const mine = (current = {})
    const file = input.files[0]
    const entry = unfinished.newest()
    const again = unfinished.isOf(entry, file)
    const key = again ? entry.key : form.elements.key.value
    const keys = company.keysFor(key)
    const sealer = again
      ? await restored(keys, entry, file)
      : await sealdrop.createFileSealer(keys, file, { context, records: records() })
    const head = await sealer.slice(0, Math.min(4096, sealer.length))
    if (current !== mine) return discard(sealer, again) // the form changed meanwhile
    const {
      messageId,
      length,
      recipients: [recipient],
    } = sealer
    Object.assign(mine, {
      file,
      keys,
      sealer,
      seen: new Set(),
      entry: again
        ? entry
        : {
            messageId,
            key,
            name: file.name,
            size: file.size,
            lastModified: file.lastModified,
            begun: Date.now(),
          },
    })
    fill(
      'sealed',
      fileCards.sealed({
        key: recipient,
        trust: keys.trust,
        context,
        messageId,
        length,
        plain: file.size,
        head,
      }),
      'file',
    )
    show('ready')
    mark(1, 'Ready to be sealed while it is sent. Nothing has been sent yet.')
    stage.bringIntoView('sealed')
    mine.again = again
  }

  async function restored(keys, entry, file) {
    try {
      return await sealdrop.restoreFileSealer(keys, records(), entry.messageId, file)
    } catch (error) {
      if (['expired', 'no_usable_key', 'malformed'].includes(error.code))
        await forget(entry.messageId)
      throw error
    }
  }

  /** Lets go of what was prepared and never sent. */
  async function discard(sealer, keepRecord) {
    await sealer.close()
    if (!keepRecord) await records().remove(sealer.messageId)
  }

  async function send() {
    const mine = current
    mine.stop = new AbortController()
    unfinished.keep(mine.entry)
    show('sending')
    meter.start()
    mine.sending = (async () => {
      await upload.send(mine.sealer, {
        seen: mine.seen,
        signal: mine.stop.signal,
        onProgress: meter.update,
      })
      mine.stop.signal.throwIfAborted()
      show('sent')
      await receive(mine)
    })()
    try {
      await mine.sending
    } catch (error) {
      if (mine.stop.signal.aborted) return
      show('stopped')
      throw error
    }
  }

  async function receive(mine) {
    const { sealer, keys } = mine
    const { messageId } = sealer
    const [digest, answer] = await Promise.all([sealer.digest(), upload.ask(messageId, 'receipt')])
    mine.sent = { messageId, digest }
    mine.received = await receiptCard.verify({ keys, receipt: answer.receipt, sent: mine.sent })
    // also where another page had handed out all of it before
    await discard(sealer, false)
    unfinished.drop(messageId)
    show('done')
    fill('opened', fileCards.stored({ length: sealer.length, digest }), 'file')
    openButton('Open at the company', true)
    receiptCard.show(mine.received)
    mark(2, 'It arrived. The receipt is verified. The company can open it now.')
    stage.bringIntoView('opened')
  }

  async function open() {
    const mine = current
    const [answer, own] = await Promise.all([
      upload.ask(mine.sent.messageId, 'open'),
      mine.file.size <= small ? sha256(mine.file) : undefined,
    ])
    const verified = await receiptCard.verify({ ...mine, receipt: answer.receipt })
    if (current !== mine) return
    fill('opened', cards.opened(answer, fileCards.read(answer.seen, own)), 'file')
    openButton('Open it again', false)
    receiptCard.show(verified, mine.received)
    mark(4, 'Opened by the company through KMS. Its receipt is verified.')
    stage.bringIntoView('opened')
  }

  function openButton(text, main) {
    find('#open-file').textContent = text
    find('#open-file').classList.toggle('main', main)
  }

  const openChanged = () =>
    receiptCard.refusal('opened', () => upload.ask(current.sent.messageId, 'open-changed'), {
      what: 'One bit in the middle of a copy of the stored file changed.',
      read: 'what had been read until there was thrown away',
    })

  async function sha256(file) {
    const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
    return fileCards.hexOf(new Uint8Array(hash)).replaceAll(' ', '')
  }

  const texts = { ready: 'Send', stopped: 'Go on' }

  /**
   * Shows a state: ready, sending, stopped, sent (the receipt is missing) or done. The focus goes
   * to the button that takes the place of the one that had it.
   */
  function show(state) {
    const focused = document.activeElement
    const under = state === 'sending' || state === 'stopped'
    form.inert = under || state === 'sent'
    find('#meter').hidden = state === 'ready'
    find('#send-file').hidden = !texts[state]
    find('#send-file').textContent = texts[state] ?? ''
    find('#pause').hidden = state !== 'sending'
    find('#cancel').hidden = !under
    if (state === 'sent') find('#speed').textContent = 'waiting for the receipt'
    if (state === 'stopped') find('#speed').textContent = 'stopped'
    if (state === 'done') find('#speed').textContent = 'arrived'
    if (['send-file', 'pause', 'seal'].includes(focused?.id))
      find(state === 'sending' ? '#pause' : '#send-file').focus({ preventScroll: true })
  }

  async function pause() {
    current.stop.abort()
    await current.sending.catch(() => {})
    show('stopped')
    find('#status').textContent = 'Paused.'
  }

  async function cancel() {
    const { sealer, stop, sending } = current
    stop.abort()
    await sending.catch(() => {})
    current = undefined
    await sealer.close()
    await forget(sealer.messageId)
    form.inert = false
    stage.clear()
    find('#status').textContent = 'Cancelled. Nothing of it is kept.'
    find('#seal').focus()
  }

  /**
   * Forgets an upload here and at the company. Where the company does not answer, it removes what
   * nobody goes on with by itself.
   */
  async function forget(messageId) {
    unfinished.drop(messageId)
    await Promise.allSettled([records().remove(messageId), upload.remove(messageId)])
    await offer()
  }

  /** Offers to go on with what was interrupted by a reload. */
  async function offer() {
    const entry = unfinished.newest()
    const box = find('#unfinished')
    box.hidden = !entry
    label()
    if (!entry) return
    const share = await upload.state(entry.messageId).then(
      ({ parts, length, partLength, whole }) =>
        whole ? 1 : Math.min(0.99, (parts.length * partLength) / length),
      (error) => (error.code === 'not_found' ? undefined : 0),
    )
    if (share === undefined) return forget(entry.messageId)
    const button = view.el('button', { type: 'button', class: 'plain' }, 'Forget it')
    button.addEventListener('click', () => forget(entry.messageId))
    box.replaceChildren(...fileCards.unfinished(entry, share, button))
    if (form.elements.part.value === 'file') return
    find('input[value=file]').click()
  }

  function label() {
    const again =
      form.elements.part.value === 'file' && unfinished.isOf(unfinished.newest(), input.files[0])
    find('#seal').textContent = again ? 'Go on' : 'Seal it'
    find('#seal-note').hidden = again
  }

  form.addEventListener('input', () => {
    if (current?.sealer && !current.stop) discard(current.sealer).catch(() => {})
    current = undefined
    label()
  })
  async function sealAndGoOn() {
    await stage.run(find('#seal'), 'write', prepare)
    if (current?.again && !current.stop) await stage.run(find('#send-file'), 'sealed', send)
  }

  form.addEventListener('submit', () => {
    if (form.elements.part.value !== 'file') return
    if (current?.sealer && !current.stop) discard(current.sealer).catch(() => {})
    void sealAndGoOn()
  })
  stage.onClick('#send-file', 'sealed', send)
  find('#pause').addEventListener('click', pause)
  find('#cancel').addEventListener('click', cancel)
  stage.onClick('#open-file', 'opened', open)
  stage.onClick('#open-changed', 'opened', openChanged)
  if (globalThis.sealdrop) void offer()
}
