// The suites of signatures: what the table's cells stand for. Each is in suites/all.js too, which hosts with `everything` run instead.
import { keySetsSuite } from '../suites/key-sets.js'
import { signaturesSuite } from '../suites/signatures.js'
import { signedSetsSuite } from '../suites/signed-sets.js'
import { verifySuite } from '../suites/verify.js'

export const signatureSuites = [verifySuite, signaturesSuite, keySetsSuite, signedSetsSuite]
