// Names for tests of key policies: two accounts, their roles, a key and its alias.
import { keyPolicy } from 'sealdrop/kms'

export const own = '111122223333'
export const partner = '444455556666'
export const roleArn = (name, account = own, partition = 'aws') =>
  `arn:${partition}:iam::${account}:role/${name}`
export const key = `arn:aws:kms:eu-central-1:${own}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
export const alias = `arn:aws:kms:eu-central-1:${own}:alias/claims`
/** Valid options of keyPolicy. */
export const opener = /** @type {const} */ ({
  role: 'opener',
  key,
  principals: [roleArn('Opener')],
})
/** A key policy with an administrator, who can change it. */
export const administrator = keyPolicy({
  ...opener,
  role: 'administrator',
  principals: [roleArn('Admin')],
}).keyPolicy
