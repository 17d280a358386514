/** Use a key set in the verbs of `jose`, in one line. */
export { joseKeys, type JoseHeader, type JoseKeys, type JoseToken } from '../verify/jose-keys.js'
