import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { outputPlace } from '../../files/output-place.js'
import { writeFileWhole } from '../../files/write-file.js'
import { s3Client, type AwsArguments } from '../aws-clients.js'
import { UsageError } from '../exit-codes.js'

type S3Client = Awaited<ReturnType<typeof s3Client>>

/** A document to write, and what a host says with it. */
export interface ToPublish {
  readonly name: string
  readonly text: string
  readonly type: string
  readonly cacheControl: string
}

/** A document that is there, and what is compared when another one takes its place. */
export interface Held {
  readonly text: string
  readonly tag: string
}

/** Where documents are published: each of them is there whole, as it was or as it is to be. */
export interface Target {
  /** How people name a document of it. */
  placeOf(name: string): string
  read(name: string): Promise<Held | undefined>
  /**
   * Puts a document in the place of the one that was read, or of none.
   *
   * @throws SealdropError `conflict` where another publisher was there meanwhile
   */
  write(document: ToPublish, before: Held | undefined): Promise<void>
}

/** The target that `--to` names. @throws UsageError */
export async function targetOf(to: string, o: AwsArguments): Promise<Target> {
  const [, scheme, bucket = '', prefix = ''] = /^(\w+):\/\/([^/]*)\/?(.*?)\/*$/s.exec(to) ?? []
  if (scheme === undefined) return folderTarget(to)
  if (scheme !== 's3' || bucket === '')
    throw new UsageError(`--to ${to}: expected a folder, or s3://bucket/prefix`)
  return s3Target(await s3Client(o), bucket, prefix)
}

const changed = (place: string, cause?: unknown): SealdropError =>
  new SealdropError('conflict', `${place}: another publisher wrote it meanwhile; publish again`, {
    cause,
  })

const failed =
  (code: 'source_failed' | 'output_failed', place: string) =>
  (cause: NodeJS.ErrnoException): never => {
    const what = code === 'source_failed' ? 'read' : 'written'
    throw new SealdropError(code, `${place}: it cannot be ${what}: ${cause.code ?? cause.name}`, {
      cause,
    })
  }

function folderTarget(folder: string): Target {
  const placeOf = (name: string): string => join(folder, name)
  const read = async (name: string): Promise<Held | undefined> => {
    const found = await readFile(placeOf(name), 'utf8').catch((cause: NodeJS.ErrnoException) =>
      cause.code === 'ENOENT' ? undefined : failed('source_failed', placeOf(name))(cause),
    )
    return found === undefined ? undefined : { text: found, tag: found }
  }
  return {
    placeOf,
    read,
    async write({ name, text }, before) {
      await mkdir(folder, { recursive: true }).catch(failed('output_failed', folder))
      const { path, found } = await outputPlace(placeOf(name))
      if (found === 'folder' || found === 'other')
        throw new UsageError(`${placeOf(name)}: expected a file or nothing there`)
      // a folder has no condition of a write: only what happens within an instant is not seen
      if ((await read(name))?.tag !== before?.tag) throw changed(placeOf(name))
      const replace = before !== undefined
      const isWritten = await writeFileWhole(path, new Blob([text]).stream(), {
        replace,
        mode: 'umask',
      })
      if (!isWritten) throw changed(placeOf(name))
    },
  }
}

/** What S3 answers where the object is another one than the condition of the write says. */
const conflicts = ['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']

function s3Target(s3: S3Client, bucket: string, prefix: string): Target {
  const keyOf = (name: string): string => (prefix === '' ? name : `${prefix}/${name}`)
  const placeOf = (name: string): string => `s3://${bucket}/${keyOf(name)}`
  return {
    placeOf,
    async read(name) {
      try {
        const { Body: body, ETag: tag } = await s3.getObject({ Bucket: bucket, Key: keyOf(name) })
        if (body && tag !== undefined) return { text: await body.transformToString(), tag }
      } catch (error) {
        if ((error as Error).name === 'NoSuchKey') return undefined
        return failed('source_failed', placeOf(name))(error as Error)
      }
      throw new SealdropError('source_failed', `${placeOf(name)}: S3 answered without body or ETag`)
    },
    async write({ name, text, type, cacheControl }, before) {
      try {
        await s3.putObject({
          Bucket: bucket,
          Key: keyOf(name),
          Body: text,
          ContentType: type,
          CacheControl: cacheControl,
          ...(before ? { IfMatch: before.tag } : { IfNoneMatch: '*' }),
        })
      } catch (error) {
        if (conflicts.includes((error as Error).name)) throw changed(placeOf(name), error)
        failed('output_failed', placeOf(name))(error as Error)
      }
    },
  }
}
