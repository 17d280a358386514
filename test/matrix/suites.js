// The suites of signatures: what the table's cells stand for. Each is in suites/all.js too, which
// hosts with `everything` run instead.
import { fileSignatureRangesSuite } from '../suites/file-signature-ranges.js'
import { fileSignaturesSuite } from '../suites/file-signatures.js'
import { historySuite } from '../suites/history.js'
import { keySetsSuite } from '../suites/key-sets.js'
import { signaturesSuite } from '../suites/signatures.js'
import { signedSetsSuite } from '../suites/signed-sets.js'
import { vectorsSuite } from '../suites/vectors.js'
import { verifySuite } from '../suites/verify.js'

export const signatureSuites = [
  verifySuite,
  signaturesSuite,
  vectorsSuite,
  keySetsSuite,
  signedSetsSuite,
  historySuite,
  fileSignaturesSuite,
  fileSignatureRangesSuite,
]
