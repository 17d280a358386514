import type { Member } from './validate.js'

// Members that several operations share, with the constraints of the service's model.
type Text = Member & { readonly type: 'string' }
type Required = { readonly required: true }

export const optionalKeyId: Text = { type: 'string', min: 1, max: 2048, pattern: /^\p{ASCII}+$/u }
export const keyId: Text & Required = { ...optionalKeyId, required: true }
export const aliasName: Text & Required = { type: 'string', required: true, min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ }
export const marker: Text = { type: 'string', min: 1, max: 1024 }

/** Grants count here from the moment they are made, so tokens change nothing. */
export const grantTokens: Member & { readonly type: 'strings' } = { type: 'strings', max: 10 }
export const dryRun: Member & { readonly type: 'boolean' } = { type: 'boolean' }

/** In every cryptographic operation. */
export const callMembers: { readonly GrantTokens: typeof grantTokens; readonly DryRun: typeof dryRun } = { GrantTokens: grantTokens, DryRun: dryRun }
