// The rooms behind the door, for suites that test them without KMS.
export { ValueOpener } from '../../dist/open/value-opener.js'
export { StreamOpener } from '../../dist/open/stream-opener.js'
export { dataKeyId, noCache } from '../../dist/open/data-keys.js'
export { fromSpki } from '../../dist/formats/spki.js'
export { ecdsaFromDer } from '../../dist/formats/der.js'
export { parseJson } from '../../dist/formats/json.js'
export { fromBase64url, toBase64url } from '../../dist/bytes/base64url.js'
export { thumbprintOf } from '../../dist/keys/key.js'
