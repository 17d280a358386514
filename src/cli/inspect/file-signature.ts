import { sha256 } from '../../crypto/digest.js'
import { chunkDigest } from '../../formats/chunk-digest.js'
import { fileLines, parseFileClaims, parseHashes } from '../../formats/file-signature.js'
import {
  contextWords,
  fact,
  grouped,
  namedInput,
  problemsOf,
  timeFact,
  type Report,
} from './report.js'
import type { Seen } from './seen.js'
import { headerFacts, headerProblems, keysAndRoot, verifyingWay } from './token.js'

/** What the signature of a file says of the file. */
export async function lookAtFileSignature(seen: Seen): Promise<Report> {
  const jws = await seen.jws()
  const [, list] = fileLines(await seen.text())
  const { size, digest, name, mediaType, ctx, iat, iss } = parseFileClaims(jws.payload)
  const hashes = parseHashes(list, size)
  const found = await chunkDigest(size, hashes, sha256)
  const [signature = '/dev/stdin'] = namedInput(seen.input.name)
  return {
    kind: 'file-signature',
    words: 'the signature of a file (JWS and hashes of its chunks)',
    facts: [
      ...headerFacts(jws),
      fact('name', 'name', name),
      fact('mediaType', 'media type', mediaType),
      fact('length', 'file bytes', size, [grouped(size)]),
      fact('chunks', 'chunks', hashes.length / 32),
      fact('digest', 'digest', digest),
      fact('context', 'context', ctx),
      fact('issuer', 'issuer', iss),
      timeFact('made', 'made', iat, seen.now),
    ],
    does: 'verifies',
    ways: verifyingWay([...keysAndRoot, ...contextWords(ctx), '--signature', signature, 'FILE']),
    problems: [
      ...headerProblems(jws),
      ...problemsOf([
        found !== digest,
        'rejected',
        'the hashes are not those that were signed: the second line was changed',
      ]),
    ],
  }
}
