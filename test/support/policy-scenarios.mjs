// How principals of two accounts get their rights: by which policies, and whether these suffice.
import { joinPolicies, keyPolicy } from 'sealdrop/kms'
import { allKeys, own, partner, roleArn } from './policy-world.mjs'

/** @import { PolicyRole } from 'sealdrop/kms' */

/** @type {readonly PolicyRole[]} */
export const roles = ['administrator', 'publisher', 'opener', 'signer']
const foreignRoles = roles.slice(1)

/**
 * Says where a principal is, and whether its IAM policy and the key policy let it in. `works` says
 * whether that suffices for a key.
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} id
 * @property {string} account
 * @property {boolean} iam
 * @property {boolean | 'account'} named by the key policy; by its account
 * @property {boolean} [accountRoot]
 * @property {boolean} works
 */
const [here, away] = [{ account: own }, { account: partner }]
const [both, keyOnly] = [
  { iam: true, named: true },
  { iam: false, named: true },
]
const iamOnly = { iam: true, named: false }
const byAccount = /** @type {const} */ ({ iam: true, named: 'account' })

/** @type {readonly Scenario[]} */
export const scenarios = [
  { name: 'with both policies', id: 'Both', ...here, ...both, works: true },
  { name: 'by the key policy alone', id: 'Named', ...here, ...keyOnly, works: true },
  {
    name: 'by the IAM policy alone, under accountRoot',
    id: 'Root',
    ...here,
    ...iamOnly,
    accountRoot: true,
    works: true,
  },
  { name: 'by the IAM policy alone', id: 'Iam', ...here, ...iamOnly, works: false },
  { name: 'from another account, with both policies', id: 'Far', ...away, ...both, works: true },
  {
    name: 'from another account, which the key policy names as a whole',
    id: 'FarAccount',
    ...away,
    ...byAccount,
    works: true,
  },
  {
    name: 'from another account, without an IAM policy',
    id: 'FarNamed',
    ...away,
    ...keyOnly,
    works: false,
  },
  {
    name: 'from another account, without the key policy',
    id: 'FarIam',
    ...away,
    ...iamOnly,
    works: false,
  },
]
/** @param {Scenario} scenario */
export const rolesOf = ({ account }) => (account === own ? roles : foreignRoles)
/** The name of the principal that has a role in a scenario. */
export const nameOf = ({ id }, role) => `${id}-${role}`
/** @param {PolicyRole} role @param {string[]} principals */
export const policiesOf = (role, ...principals) => keyPolicy({ role, key: allKeys, principals })

/** @param {Scenario} scenario */
const partsOf = (scenario) => {
  if (scenario.named === false) return []
  const principalOf = (role) =>
    scenario.named === 'account' ? partner : roleArn(nameOf(scenario, role), scenario.account)
  return rolesOf(scenario).map((role) => policiesOf(role, principalOf(role)).keyPolicy)
}
/**
 * The policy of every key of a scenario. The role `Setup` makes the keys.
 *
 * @param {Scenario} scenario
 */
export const keyPolicyOf = (scenario) =>
  joinPolicies([
    keyPolicy({
      role: 'administrator',
      key: allKeys,
      principals: [roleArn('Setup')],
      accountRoot: scenario.accountRoot ?? false,
    }).keyPolicy,
    ...partsOf(scenario),
  ])
/** @param {Scenario} scenario @param {PolicyRole} role */
export const iamOf = ({ iam }, role) => (iam ? [policiesOf(role, roleArn('x')).iamPolicy] : [])
