// The suites of the matrix. All need the public door only; what they test of signatures is what the table's cells stand for.
import { keySetsSuite } from '../suites/key-sets.js'
import { signedSetsSuite } from '../suites/signed-sets.js'
import { verifySuite } from '../suites/verify.js'

export const signatureSuites = [verifySuite, keySetsSuite, signedSetsSuite]
