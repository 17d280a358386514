import { clocksSuite } from './clocks.js'
import { fetchSuite } from './fetch.js'
import { fetchHostsSuite } from './fetch-hosts.js'
import { fieldsSuite } from './fields.js'
import { fieldsAsJsonSuite } from './fields-as-json.js'
import { fileSealerSuite } from './file-sealer.js'
import { fileSealerChangesSuite } from './file-sealer-changes.js'
import { fileSealerRecordsSuite } from './file-sealer-records.js'
import { fileSealerRestoresSuite } from './file-sealer-restores.js'
import { fileSealerResumesSuite } from './file-sealer-resumes.js'
import { fileSealerWorkSuite } from './file-sealer-work.js'
import { fileSignatureClaimsSuite } from './file-signature-claims.js'
import { fileSignatureRangesSuite } from './file-signature-ranges.js'
import { fileSignatureSourcesSuite } from './file-signature-sources.js'
import { fileSignaturesSuite } from './file-signatures.js'
import { foreignValuesSuite } from './foreign-values.js'
import { formatsSuite } from './formats.js'
import { givenUpSuite } from './given-up.js'
import { historySuite } from './history.js'
import { keySetsSuite } from './key-sets.js'
import { keysHeldSuite } from './keys-held.js'
import { keyStatementsSuite } from './key-statements.js'
import { oddKeysSuite } from './odd-keys.js'
import { openSuite } from './open.js'
import { openDataKeysSuite } from './open-data-keys.js'
import { openFieldsSuite } from './open-fields.js'
import { openRefusalsSuite } from './open-refusals.js'
import { openReplaysSuite } from './open-replays.js'
import { openStreamBodiesSuite } from './open-stream-bodies.js'
import { openStreamDigestsSuite } from './open-stream-digests.js'
import { openStreamHeadersSuite } from './open-stream-headers.js'
import { openStreamKeysSuite } from './open-stream-keys.js'
import { openStreamNamesSuite } from './open-stream-names.js'
import { openStreamsSuite } from './open-streams.js'
import { openTextsSuite } from './open-texts.js'
import { optionalFieldsSuite } from './optional-fields.js'
import { optionsSuite } from './options.js'
import { othersSetsSuite } from './others-sets.js'
import { receiptFilesSuite } from './receipt-files.js'
import { recordDatabasesSuite } from './record-databases.js'
import { recordLayoutsSuite } from './record-layouts.js'
import { sealedNamesSuite } from './sealed-names.js'
import { openedTwiceSuite, sealedTwiceSuite } from './sealed-twice.js'
import { setStoresSuite } from './set-stores.js'
import { signatureDigestsSuite } from './signature-digests.js'
import { signatureEncodingsSuite } from './signature-encodings.js'
import { signaturePaddingsSuite } from './signature-paddings.js'
import { signaturesSuite } from './signatures.js'
import { signedSetOutagesSuite } from './signed-set-outages.js'
import { signedSetRootsSuite } from './signed-set-roots.js'
import { signedSetsSuite } from './signed-sets.js'
import { staticSendersSuite } from './static-senders.js'
import { streamFaultsSuite } from './stream-faults.js'
import { streamFlowSuite } from './stream-flow.js'
import { streamMutantsInspectSuite } from './stream-mutants-inspect.js'
import { streamMutantsKeysSuite } from './stream-mutants-keys.js'
import { streamMutantsOpeningSuite } from './stream-mutants-opening.js'
import { streamMutantsSealingSuite } from './stream-mutants-sealing.js'
import { streamPropertiesSuite } from './stream-properties.js'
import { streamTamperSuite } from './stream-tamper.js'
import { streamsSuite } from './streams.js'
import { tamperSuite } from './tamper.js'
import { textsSuite } from './texts.js'
import { valuesSuite } from './values.js'
import { errorFactsSuite } from './error-facts.js'
import { vectorsSuite } from './vectors.js'
import { verifySuite } from './verify.js'
import { verifyClaimsSuite } from './verify-claims.js'
import { wordsOfMistakesSuite } from './words-of-mistakes.js'
import { wordsOfOpeningSuite } from './words-of-opening.js'

/**
 * Suites that need the public door only: they run on the minified bundles too.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function runDoorSuites(host) {
  valuesSuite(host)
  sealedTwiceSuite(host)
  fieldsSuite(host)
  fieldsAsJsonSuite(host)
  textsSuite(host)
  errorFactsSuite(host)
  keySetsSuite(host)
  keysHeldSuite(host)
  keyStatementsSuite(host)
  oddKeysSuite(host)
  fetchSuite(host)
  fetchHostsSuite(host)
  othersSetsSuite(host)
  optionsSuite(host)
  clocksSuite(host)
  signedSetRootsSuite(host)
  signedSetsSuite(host)
  signedSetOutagesSuite(host)
  setStoresSuite(host)
  verifySuite(host)
  verifyClaimsSuite(host)
  signaturesSuite(host)
  signaturePaddingsSuite(host)
  signatureDigestsSuite(host)
  signatureEncodingsSuite(host)
  historySuite(host)
  receiptFilesSuite(host)
  vectorsSuite(host)
  streamsSuite(host)
  streamFaultsSuite(host)
  streamFlowSuite(host)
  givenUpSuite(host)
  fileSealerSuite(host)
  fileSealerWorkSuite(host)
  fileSealerRecordsSuite(host)
  fileSealerRestoresSuite(host)
  fileSealerResumesSuite(host)
  fileSealerChangesSuite(host)
  fileSignaturesSuite(host)
  fileSignatureClaimsSuite(host)
  fileSignatureSourcesSuite(host)
  fileSignatureRangesSuite(host)
  wordsOfMistakesSuite(host)
}

/**
 * Suites that look into rooms behind the door.
 *
 * @param {import('../support/host.js').Host} host
 */
export function runRoomSuites(host) {
  formatsSuite(host)
  sealedNamesSuite(host)
  openSuite(host)
  openedTwiceSuite(host)
  openRefusalsSuite(host)
  openDataKeysSuite(host)
  openReplaysSuite(host)
  openFieldsSuite(host)
  optionalFieldsSuite(host)
  openTextsSuite(host)
  foreignValuesSuite(host)
  tamperSuite(host)
  openStreamsSuite(host)
  openStreamNamesSuite(host)
  openStreamKeysSuite(host)
  staticSendersSuite(host)
  openStreamHeadersSuite(host)
  openStreamBodiesSuite(host)
  openStreamDigestsSuite(host)
  streamTamperSuite(host)
  streamMutantsSealingSuite(host)
  streamMutantsInspectSuite(host)
  streamMutantsOpeningSuite(host)
  streamMutantsKeysSuite(host)
  streamPropertiesSuite(host)
  wordsOfOpeningSuite(host)
}

/**
 * Suites that need what only a page has, such as IndexedDB.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function runPageSuites(host) {
  recordLayoutsSuite(host)
  recordDatabasesSuite(host)
}
