import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../../algorithms/limits.js'
import { fromUtf8 } from '../../bytes/text.js'
import { sha256Text } from '../../crypto/digest.js'
import type { ServedDocuments } from '../../doors/serve.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { parseSignedSet, setClaims } from '../../formats/signed-set.js'
import type { Sources } from './routes.js'

type Documents = NonNullable<Awaited<ReturnType<ServedDocuments['documents']>>>

/** For how long a set that nobody signed is good: as `createPublisher` has it. */
const day = 24 * 3_600_000

/** What a file holds; undefined where there is none. @throws SealdropError `source_failed` */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    return fromUtf8(await readFile(path))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new SealdropError('source_failed', `${path}: it cannot be read: ${code}`, { cause })
  }
}

/** The same of what must be there. @throws SealdropError `source_failed` */
export async function needed(path: string): Promise<string> {
  const text = await textOf(path)
  if (text !== undefined) return text
  throw new SealdropError('source_failed', `${path}: it is not there: keys publish writes it`)
}

/** The claims of a signed document. Who fetches it verifies it: here it is only known when it ends. */
const claimsOf = (jws: string): ReturnType<typeof setClaims> =>
  setClaims(parseSignedSet(jws).payload, limits.historyKeys)

async function documentsOf(jwks: string, jws: string | undefined): Promise<Documents> {
  const etag = `"${await sha256Text(jwks + (jws ?? ''))}"`
  if (jws === undefined) return { jwks, etag, expires: new Date(Date.now() + day) }
  return { jwks, jws, etag, expires: new Date(claimsOf(jws).exp * 1000) }
}

/**
 * The documents that `sealdrop keys publish --to` wrote to a folder, as they are by now.
 *
 * Where the signed set has ended nothing is served, the plain set neither: nobody looks after it.
 */
export async function publishedFolder(folder: string): Promise<Sources> {
  const [plain, signed, past] = ['jwks.json', 'jwks.jwt', 'history.jwt'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  const isSigned = (await textOf(signed)) !== undefined
  const set = {
    documents: async () =>
      documentsOf(await needed(plain), isSigned ? (await needed(signed)).trim() : undefined),
  }
  const history = {
    async documents() {
      const jws = (await needed(past)).trim()
      return documentsOf(JSON.stringify({ keys: claimsOf(jws).keys }), jws)
    },
  }
  return isSigned ? { set, history } : { set }
}
