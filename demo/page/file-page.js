// The page for a file of any size. `sealdrop/upload` seals it part by part while it sends it, and
// goes on after an interruption. The company opens it on demand.
'use strict'

{
  const { find, fill, mark } = stage
  const form = find('#claim')
  const input = find('#file')
  const context = { form: 'insurance-claim', part: 'file' }
  const jsonType = 'application/vnd.sealdrop.demo+json'
  const small = 16 * 2 ** 20 // up to here this tab reads a file whole, to hash it

  /** The chosen file, with its upload and keys, and what must be in its receipts. */
  let current
  let kept
  const records = () => (kept ??= sealdrop.indexedDbRecords())
  /** Uploads that were interrupted, the newest first. */
  let interrupted = []

  const path = (key, verb) => `/api/files/${key.split('/').at(-1)}/${verb}`
  const askFor = (key, verb) => company.ask('POST', path(key, verb), { type: jsonType, body: '{}' })

  /**
   * Lets nothing leave before somebody says so. A page of yours sends at once, and needs none of
   * this.
   *
   * @returns `transport`; `first`, which settles with what would leave first; `open()`; `shut()`
   */
  function held(transport) {
    const asked = Promise.withResolvers()
    const gate = Promise.withResolvers()
    gate.promise.catch(() => {})
    return {
      first: asked.promise,
      open: gate.resolve,
      shut: () => gate.reject(company.failure('closed', 'It was not sent')),
      transport: {
        ...transport,
        async ask(op, request, o) {
          asked.resolve({ op, request })
          await gate.promise
          return transport.ask(op, request, o)
        },
      },
    }
  }

  /** Begins to seal a file, or goes on with it. Nothing leaves before its gate is open. */
  async function begin(mine) {
    mine.stop = new AbortController()
    mine.gate = held(sealdrop.uploadTransport('/api/uploads'))
    mine.upload = await sealdrop.uploadSealed(mine.keys, mine.file, {
      context,
      transport: mine.gate.transport,
      records: records(),
      signal: mine.stop.signal,
      onProgress: (progress) => current === mine && meter.update(progress),
    })
  }

  async function prepare() {
    const mine = (current = {
      file: input.files[0],
      keys: company.keysFor(form.elements.key.value),
    })
    await begin(mine)
    const { op, request } = await Promise.race([mine.gate.first, mine.upload.done])
    mine.again = op !== 'begin'
    if (current !== mine) return discard(mine) // the form changed meanwhile
    const { messageId, length, recipients } = mine.upload
    const { trust } = mine.keys
    const [key] = recipients
    const facts = { key, trust, context, messageId, length, plain: mine.file.size }
    const { parts } = sealdrop.planUpload(length)
    fill('sealed', fileCards.sealed({ ...facts, parts, header: request.header }), 'file')
    show('ready')
    mark(1, 'Ready to be sealed while it is sent. Nothing has been sent yet.')
    stage.bringIntoView('sealed')
  }

  /** Lets go of what was prepared and never sent. What was interrupted before stays. */
  async function discard({ upload, gate, stop, again }) {
    stop.abort()
    gate.shut()
    await upload.done.catch(() => {})
    if (!again) await records().remove(upload.messageId)
  }

  async function send() {
    const mine = current
    if (!mine.done) await untilDone(mine)
    if (mine.done) await receive(mine)
  }

  /** Sends until it is there, or was paused or cancelled. */
  async function untilDone(mine) {
    show('sending')
    const { state } = mine.upload
    if (state === 'failed') await begin(mine)
    if (state === 'paused') mine.upload.resume()
    else meter.start()
    mine.gate.open()
    mine.sending = true
    const paused = new Promise((resolve) => {
      mine.paused = resolve
    })
    try {
      mine.done = await Promise.race([mine.upload.done, paused])
    } catch (error) {
      if (mine.upload.state === 'cancelled') return
      show('stopped')
      throw error
    }
  }

  async function receive(mine) {
    const { messageId, digest, key, length, session } = mine.done
    mine.sent = { messageId, digest }
    show('sent')
    try {
      const receipt = await receiptFor(session)
      mine.received = await receiptCard.verify({ keys: mine.keys, receipt, sent: mine.sent })
    } catch (error) {
      show('unanswered')
      throw error
    }
    show('done')
    await offer()
    fill('opened', fileCards.stored({ length, digest, key }), 'file')
    openButton('Open at the company', true)
    receiptCard.show(mine.received)
    mark(2, 'It arrived. The receipt is verified. The company can open it now.')
    stage.bringIntoView('opened')
  }

  /** The company leaves its receipt in the bucket once it has read the file. */
  async function receiptFor(session) {
    const transport = sealdrop.uploadTransport('/api/uploads')
    const until = performance.now() + 30_000
    for (let wait = 50; performance.now() < until; wait = Math.min(1_000, wait * 2)) {
      const { receipt } = await transport.ask('receipt', { session })
      if (receipt) return receipt
      await new Promise((resolve) => {
        setTimeout(resolve, wait)
      })
    }
    throw company.failure('no_receipt', 'It arrived, and the company has not signed a receipt yet')
  }

  async function open() {
    const mine = current
    const [answer, own] = await Promise.all([
      askFor(mine.done.key, 'open'),
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
    receiptCard.refusal('opened', () => askFor(current.done.key, 'open-changed'), {
      what: 'One bit in the middle of a copy of the stored file changed.',
      read: 'what had been read until there was thrown away',
    })

  async function sha256(file) {
    const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
    return fileCards.hexOf(new Uint8Array(hash)).replaceAll(' ', '')
  }

  const texts = { ready: 'Send', stopped: 'Go on', unanswered: 'Ask for the receipt again' }
  const speeds = { sent: 'waiting for the receipt', stopped: 'stopped', done: 'arrived' }

  /**
   * Shows a state: ready, sending, stopped, sent (the receipt is missing), unanswered or done. The
   * focus goes to the button that takes the place of the one that had it.
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
    if (speeds[state]) find('#speed').textContent = speeds[state]
    if (['send-file', 'pause', 'seal'].includes(focused?.id))
      find(state === 'sending' ? '#pause' : '#send-file').focus({ preventScroll: true })
  }

  function pause() {
    const { upload, paused } = current
    upload.pause()
    if (upload.state !== 'paused') return
    paused()
    show('stopped')
    find('#status').textContent = 'Paused.'
  }

  async function cancel() {
    const { upload, paused } = current
    const cancelled = upload.cancel()
    paused()
    await cancelled
    if (upload.state !== 'cancelled') return
    current = undefined
    await offer()
    form.inert = false
    stage.clear()
    find('#status').textContent = 'Cancelled. Nothing of it is kept.'
    find('#seal').focus()
  }

  /** Offers to go on with what was interrupted by a reload. */
  async function offer() {
    interrupted = await sealdrop.unfinishedUploads(records()).catch(() => [])
    const [entry] = interrupted
    const box = find('#unfinished')
    box.hidden = !entry
    label()
    if (!entry) return
    const button = view.el('button', { type: 'button', class: 'plain' }, 'Forget it')
    button.addEventListener('click', () => stage.run(button, 'write', () => forget(entry)))
    box.replaceChildren(...fileCards.unfinished(entry, button))
    if (form.elements.part.value !== 'file') find('input[value=file]').click()
  }

  /** Here and at the company. */
  async function forget({ messageId }) {
    const transport = sealdrop.uploadTransport('/api/uploads')
    await sealdrop.forgetUpload(records(), messageId, { transport })
    await offer()
  }

  const isOf = (entry, file) =>
    entry.name === file?.name &&
    entry.size === file.size &&
    entry.modified?.getTime() === file.lastModified

  function label() {
    const again =
      form.elements.part.value === 'file' &&
      interrupted.some((entry) => isOf(entry, input.files[0]))
    find('#seal').textContent = again ? 'Go on' : 'Seal it'
    find('#seal-note').hidden = again
  }

  /** Lets go of what was prepared, unless it is being sent. */
  function letGo() {
    if (current?.upload && !current.sending) discard(current).catch(() => {})
    current = undefined
  }

  async function sealAndGoOn() {
    await stage.run(find('#seal'), 'write', prepare)
    if (current?.again && !current.sending) await stage.run(find('#send-file'), 'sealed', send)
  }

  form.addEventListener('input', () => {
    letGo()
    label()
  })
  form.addEventListener('submit', () => {
    if (form.elements.part.value !== 'file') return
    letGo()
    void sealAndGoOn()
  })
  stage.onClick('#send-file', 'sealed', send)
  find('#pause').addEventListener('click', pause)
  find('#cancel').addEventListener('click', cancel)
  stage.onClick('#open-file', 'opened', open)
  stage.onClick('#open-changed', 'opened', openChanged)
  addEventListener('offline', () => meter.waits('no network: it goes on by itself'))
  addEventListener('online', () => meter.waits())
  if (globalThis.sealdrop) void offer()
}
