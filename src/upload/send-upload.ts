import { toBase64url } from '../bytes/base64url.js'
import { ensure } from '../errors/guard.js'
import { isSealdropError, SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { tell } from '../io/tell.js'
import type { Upload } from './begin-upload.js'
import { checkAnswer } from './check-answer.js'
import { lanes, together } from './lanes.js'
import type {
  SignedPart,
  UploadAnswers,
  UploadedObject,
  UploadOp,
  UploadPart,
  UploadRequests,
} from './protocol.js'
import { patiently } from './retry.js'
import { sendPart, type SealedPart } from './send-part.js'
import type { UploadedFile, UploadOptions } from './upload-options.js'

/** The record is older than what left, or the key is taken: all begins anew under a new key. */
export class StartOver extends SealdropError {}

/** The handler says that the time of the session is over. */
class SessionOver extends SealdropError {}

/** So often the handler may miss parts at the end, or end a session. */
const rounds = 4
/** Bytes of parts that are sent side by side, at most. */
const bytesInFlight = 67_108_864
/** Bytes of them where nobody says how many parts: three of the usual length, more of shorter ones. */
const usualBytes = 31_457_280

type Asked<Op extends UploadOp> = Omit<UploadRequests[Op], 'session'>

/** Sends an upload: everything that is missing, and then the end. */
export class UploadSending {
  readonly #upload: Upload
  readonly #o: UploadOptions
  readonly #signal: AbortSignal
  /** Bytes of parts under way that have left. */
  readonly #leaving = new Map<number, number>()

  constructor(upload: Upload, o: UploadOptions, signal: AbortSignal) {
    this.#upload = upload
    this.#o = o
    this.#signal = signal
  }

  /**
   * Resolves when the finished file was confirmed.
   *
   * @throws StartOver, SealdropError, and the reason of the signal
   */
  async run(): Promise<UploadedFile> {
    for (let round = 1; ; round++) {
      try {
        const done = await this.#round()
        if (done) return done
      } catch (error) {
        // its parts are sent again under another session, sealed to the same bytes
        if (!(error instanceof SessionOver) || round === rounds) throw error
        this.#upload.record.forgetSession()
      }
      ensure(round < rounds, 'output_failed', 'upload handler: it goes on missing parts')
    }
  }

  async #round(): Promise<UploadedFile | undefined> {
    const { sealer, record } = this.#upload
    await this.#begin()
    await this.#compareList()
    this.#tell()
    await together(
      [(stop) => this.#parts(stop), (stop) => sealer.recheck({ signal: stop })],
      this.#signal,
    )
    // both ends once more: Firefox reads a file that was changed on disk without an error
    await sealer.recheck({ signal: this.#signal })
    const digest = await sealer.digest({ signal: this.#signal })
    const answer = await this.#complete()
    if (answer.done) {
      const { key, version } = answer
      return {
        messageId: sealer.messageId,
        length: sealer.length,
        digest,
        key,
        ...(version !== undefined && { version }),
        session: record.session,
      }
    }
    for (const part of answer.missing) record.arrived(part, false)
    return undefined
  }

  async #begin(): Promise<void> {
    const { sealer, plan, record } = this.#upload
    if (record.session) return
    if (!record.isListed)
      throw new StartOver('conflict', 'the record may be too old: its session is over')
    const request = {
      header: toBase64url(sealer.message.header),
      length: sealer.length,
      ...(plan.mode === 'multipart' && { partLength: plan.partLength }),
      ...(record.sealedName && { name: record.sealedName }),
    }
    // not ended by the signal: what is begun there would be known to nobody
    const begun = await patiently(
      async () =>
        checkAnswer('begin', await this.#o.transport.ask('begin', request, { link: record.link })),
      this.#signal,
    )
    ensure(
      begun.mode === plan.mode &&
        begun.parts === plan.parts &&
        begun.partLength === plan.partLength,
      'malformed',
      'upload handler: it divides the file in another way',
    )
    await record.keepSession(begun.session)
  }

  /** What the handler lists must be what the record knows: otherwise the record is too old. */
  async #compareList(): Promise<void> {
    const { record, plan } = this.#upload
    if (record.isListed) return
    for (let after = 0, more = plan.mode === 'multipart'; more;) {
      const list = await this.#list(after)
      for (const part of list.parts) this.#believe(part)
      if (list.object) await this.#believeObject(list.object)
      const { part: last = 0 } = list.parts.at(-1) ?? {}
      more = list.more && last > after
      after = last
    }
    record.isListed = true
  }

  /** A whole object, of which the answer was lost: all its parts are there. */
  async #believeObject({ length, sha256 }: UploadedObject): Promise<void> {
    const { record, sealer, plan } = this.#upload
    const isOurs = length === sealer.length && sha256 === (await record.composite())
    if (!isOurs) throw new StartOver('conflict', 'another object stands under the key')
    for (let part = 1; part <= plan.parts; part++) record.arrived(part)
  }

  /** @throws StartOver where the upload has ended at the bucket */
  async #list(after: number): Promise<UploadAnswers['list']> {
    return this.#ask('list', { after }).catch(orStartOver)
  }

  #believe(part: UploadPart): void {
    const { record } = this.#upload
    if (!record.isRecorded(part))
      throw new StartOver('conflict', `the record is too old: it does not know part ${part.part}`)
    record.arrived(part.part)
  }

  async #parts(signal: AbortSignal): Promise<void> {
    const { record, plan } = this.#upload
    const fit = (bytes: number): number => Math.floor(bytes / plan.partLength)
    const { inFlight = Math.max(3, fit(usualBytes)) } = this.#o
    const count = Math.max(1, Math.min(inFlight, fit(bytesInFlight)))
    const missing = record.missing()
    const make = async (stop: AbortSignal): Promise<SealedPart | undefined> => {
      const part = missing.shift()
      if (part === undefined) return undefined
      const sealed = await record.seal(part, stop)
      const signed = this.#sign(sealed.told)
      signed.catch(() => {}) // told where the part is sent
      return { ...sealed, signed }
    }
    await lanes(count, make, (part, stop) => this.#sendPart(part, stop), signal)
  }

  async #sendPart({ told, body, signed }: SealedPart, signal: AbortSignal): Promise<void> {
    const { part } = told
    const onProgress = (sent: number): void => {
      this.#leaving.set(part, Math.min(sent, body.length))
      this.#tell()
    }
    await sendPart(
      {
        signed,
        sign: () => this.#sign(told),
        put: (to) => this.#o.transport.put(to, body, { signal, onProgress }),
        isThere: () => this.#isThere(told),
      },
      signal,
    )
    this.#leaving.delete(part)
    this.#upload.record.arrived(part)
    this.#tell()
  }

  async #sign(told: UploadPart): Promise<SignedPart> {
    const { parts } = await this.#ask('sign', { parts: [told] })
    const [signed] = parts
    ensure(signed?.part === told.part, 'malformed', 'upload handler: it signed another part')
    return signed
  }

  /** Whether the bucket has a part, or the object of one PUT. */
  async #isThere({ part, length, sha256 }: UploadPart): Promise<boolean> {
    const { parts, object } = await this.#list(part - 1)
    const found = this.#upload.plan.mode === 'put' ? object : parts.find((one) => one.part === part)
    return found?.length === length && found.sha256 === sha256
  }

  async #complete(): Promise<UploadAnswers['complete']> {
    const sha256 = await this.#upload.record.composite()
    return this.#ask('complete', { sha256 }).catch(orStartOver)
  }

  #ask<Op extends 'sign' | 'list' | 'complete'>(
    op: Op,
    asked: Asked<Op>,
  ): Promise<UploadAnswers[Op]> {
    const signal = this.#signal
    const { session, link } = this.#upload.record
    const request = { ...asked, session } as unknown as UploadRequests[Op]
    return patiently(async () => {
      try {
        return checkAnswer(op, await this.#o.transport.ask(op, request, { signal, link }))
      } catch (error) {
        throw orAs(error, 'expired', SessionOver)
      }
    }, signal)
  }

  #tell(): void {
    const { record, sealer } = this.#upload
    let done = record.done
    for (const sent of this.#leaving.values()) done += sent
    tell(this.#o.onProgress, { done, total: sealer.length })
  }
}

/** An error, or one of another class where it has this code. */
const orAs = (error: unknown, code: SealdropErrorCode, Other: typeof SealdropError): unknown =>
  isSealdropError(error) && error.code === code
    ? new Other(code, error.message, { cause: error })
    : error

/** The handler's `conflict` says that this key is of no use: it is not that of another sealer here. */
function orStartOver(error: unknown): never {
  throw orAs(error, 'conflict', StartOver)
}

/** Tells the handler to forget the parts of an upload; nobody waits for long. */
export async function forgetParts({ record }: Upload, { transport }: UploadOptions): Promise<void> {
  const { session, link } = record
  if (!session) return
  const signal = AbortSignal.timeout(10_000)
  await patiently(() => transport.ask('abort', { session }, { signal, link }), signal).catch(
    () => {},
  )
}
