import { isText } from './json.js'

/** Folders of a key of S3, each of which ends in `/`, and none of which is `.` or `..`. */
export const isFolders = (value: unknown): value is string =>
  isText(value) && /^(?:(?!\.{1,2}\/)[\w!.*'()=@-]+\/)*$/.test(value) && value.length <= 512
