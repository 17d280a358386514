// How tus-js-client is driven: as the guide shows it, with what a test looks at.
import * as tus from 'tus-js-client'
import { sealForTus } from 'sealdrop/tus'

/** @type {any} its types lack the storage of URLs in files */
const { FileUrlStorage, Upload } = tus

export const MiB = 2 ** 20
export const chunkSize = MiB

/** The error of Sealdrop in what tus-js-client tells. */
export const ourError = (error) => error.causingError ?? error

/**
 * Seals a file and makes its upload, which goes on where a record and a URL are.
 *
 * - `upload` is tus-js-client's
 * - `sent()` sends it, and answers what left
 * - `stop()` ends it in the middle, as a tab does that is closed
 *
 * @param {any} file
 * @param {any} o - of `sealForTus`, with `keys`, `endpoint`, and where URLs are stored
 */
export async function prepared(
  file,
  { keys, endpoint, urls, given = {}, seal = sealForTus, ...o },
) {
  const sealing = await seal(keys, file, o)
  const urlStorage = urls && new FileUrlStorage(urls)
  /** @type {any} */
  let settle
  const options = {
    endpoint,
    retryDelays: [0, 0, 0],
    ...(urlStorage && { urlStorage }),
    ...sealing.options,
    chunkSize,
    onSuccess: () => settle.resolve(sealing.finish()),
    onError: (error) => settle.reject(ourError(error)),
    ...given,
  }
  const upload = new Upload(file, options)
  const sent = async () => {
    const done = new Promise((resolve, reject) => (settle = { resolve, reject }))
    done.catch(() => {})
    const [previous] = urlStorage ? await upload.findPreviousUploads() : []
    if (previous) upload.resumeFromPreviousUpload(previous)
    upload.start()
    return done
  }
  const stop = async () => {
    await upload.abort()
    await sealing.close()
  }
  return { sealing, upload, options, sent, stop, urlStorage }
}
