// The suites of signatures: what the table's cells stand for. Each is in suites/all.js too, which
// hosts with `everything` run instead.
import { fileSignatureClaimsSuite } from '../suites/file-signature-claims.js'
import { fileSignatureRangesSuite } from '../suites/file-signature-ranges.js'
import { fileSignatureSourcesSuite } from '../suites/file-signature-sources.js'
import { fileSignaturesSuite } from '../suites/file-signatures.js'
import { historySuite } from '../suites/history.js'
import { keySetsSuite } from '../suites/key-sets.js'
import { receiptFilesSuite } from '../suites/receipt-files.js'
import { signatureDigestsSuite } from '../suites/signature-digests.js'
import { signatureEncodingsSuite } from '../suites/signature-encodings.js'
import { signaturePaddingsSuite } from '../suites/signature-paddings.js'
import { signaturesSuite } from '../suites/signatures.js'
import { signedSetOutagesSuite } from '../suites/signed-set-outages.js'
import { signedSetRootsSuite } from '../suites/signed-set-roots.js'
import { signedSetsSuite } from '../suites/signed-sets.js'
import { vectorsSuite } from '../suites/vectors.js'
import { verifySuite } from '../suites/verify.js'
import { verifyClaimsSuite } from '../suites/verify-claims.js'

export const signatureSuites = [
  verifySuite,
  verifyClaimsSuite,
  signaturesSuite,
  signatureDigestsSuite,
  signatureEncodingsSuite,
  signaturePaddingsSuite,
  vectorsSuite,
  keySetsSuite,
  signedSetRootsSuite,
  signedSetsSuite,
  signedSetOutagesSuite,
  historySuite,
  receiptFilesSuite,
  fileSignaturesSuite,
  fileSignatureClaimsSuite,
  fileSignatureSourcesSuite,
  fileSignatureRangesSuite,
]
