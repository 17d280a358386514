import { fetchSuite } from './fetch.js'
import { fieldsSuite } from './fields.js'
import { fileSealerChangesSuite } from './file-sealer-changes.js'
import { fileSealerRecordsSuite } from './file-sealer-records.js'
import { fileSealerSuite } from './file-sealer.js'
import { fileSignatureRangesSuite } from './file-signature-ranges.js'
import { fileSignaturesSuite } from './file-signatures.js'
import { formatsSuite } from './formats.js'
import { historySuite } from './history.js'
import { keySetsSuite } from './key-sets.js'
import { openStreamKeysSuite } from './open-stream-keys.js'
import { openStreamRulesSuite } from './open-stream-rules.js'
import { openStreamsSuite } from './open-streams.js'
import { openSuite } from './open.js'
import { signaturesSuite } from './signatures.js'
import { signedSetsSuite } from './signed-sets.js'
import { streamFaultsSuite } from './stream-faults.js'
import { streamFlowSuite } from './stream-flow.js'
import { streamMutantsSuite } from './stream-mutants.js'
import { streamPropertiesSuite } from './stream-properties.js'
import { streamTamperSuite } from './stream-tamper.js'
import { streamsSuite } from './streams.js'
import { tamperSuite } from './tamper.js'
import { valuesSuite } from './values.js'
import { vectorsSuite } from './vectors.js'
import { verifySuite } from './verify.js'

/** Suites that need the public door only: they run on the minified bundles too. */
export function runDoorSuites(host) {
  valuesSuite(host)
  fieldsSuite(host)
  keySetsSuite(host)
  fetchSuite(host)
  signedSetsSuite(host)
  verifySuite(host)
  signaturesSuite(host)
  historySuite(host)
  vectorsSuite(host)
  streamsSuite(host)
  streamFaultsSuite(host)
  streamFlowSuite(host)
  fileSealerSuite(host)
  fileSealerRecordsSuite(host)
  fileSealerChangesSuite(host)
  fileSignaturesSuite(host)
  fileSignatureRangesSuite(host)
}

/** Suites that look into rooms behind the door. */
export function runRoomSuites(host) {
  formatsSuite(host)
  openSuite(host)
  tamperSuite(host)
  openStreamsSuite(host)
  openStreamKeysSuite(host)
  openStreamRulesSuite(host)
  streamTamperSuite(host)
  streamMutantsSuite(host)
  streamPropertiesSuite(host)
}
