import type { Member } from './validate.js'

// These are members that several operations share, with the constraints of AWS's model.
type Text = Member & { readonly type: 'string' }
type Required = { readonly required: true }

export const optionalKeyId: Text = { type: 'string', min: 1, max: 2048, pattern: /^\p{ASCII}+$/u }
export const keyId: Text & Required = { ...optionalKeyId, required: true }
export const aliasName: Text & Required = {
  type: 'string',
  required: true,
  min: 1,
  max: 256,
  pattern: /^[a-zA-Z0-9:/_-]+$/,
}
export const marker: Text = { type: 'string', min: 1, max: 1024 }
export const keyDescription: Text = { type: 'string', max: 8192 }
/** A pattern as AWS writes it, since messages quote it. */
const policyCharacters = String.raw`^[\u0009\u000A\u000D\u0020-\u00FF]+$`
export const keyPolicyText: Text = {
  type: 'string',
  min: 1,
  max: 131_072,
  pattern: new RegExp(policyCharacters),
}
export const tagList: Member & { readonly type: 'structures' } = { type: 'structures' }
/**
 * How long names and values of an encryption context may be together.
 *
 * The bound is ours: below it nothing here is slow.
 */
export const contextBytes = 8_192
export const flag: Member & { readonly type: 'boolean' } = { type: 'boolean' }
export const principal: Text = { type: 'string', min: 1, max: 256, pattern: /^[\w+=,.@:/-]+$/ }
export const grantId: Text = { type: 'string', min: 1, max: 128 }
export const regionName: Text & Required = {
  type: 'string',
  required: true,
  min: 1,
  max: 32,
  pattern: /^([a-z]+-){2,3}\d+$/,
}
export const keyMaterialId: Text = { type: 'string', min: 64, max: 64, pattern: /^[a-f0-9]+$/ }

/** How many rows a page has at most. */
export const limit = (max: number): Member & { readonly type: 'integer' } => ({
  type: 'integer',
  min: 1,
  max,
})

/** Grant tokens, which change nothing: here a grant counts from the moment it is made. */
export const grantTokens: Member & { readonly type: 'strings' } = { type: 'strings', max: 10 }
export const dryRun: Member & { readonly type: 'boolean' } = { type: 'boolean' }

/** Members of every cryptographic operation. */
export const callMembers: {
  readonly GrantTokens: typeof grantTokens
  readonly DryRun: typeof dryRun
} = { GrantTokens: grantTokens, DryRun: dryRun }
