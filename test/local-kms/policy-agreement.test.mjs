// Decisions compared with @cloud-copilot/iam-simulate, an evaluator that we did not write, over
// generated cases. What it does not model is left out by name and counted; the rest must agree
// without exception.
import { isIP } from 'node:net'
import { test } from 'node:test'
import { assert } from 'chai'
import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate'
import { decide, crossAccountActions } from '#dist/local-kms/policy/decide.js'
import { parseIdentityPolicy, parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'
import { generator, question, roleOf } from './policy-cases.mjs'

const cases = 8000
const seed = 20240229

const everything = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
}

function ours({ action, resource, account, principal, conditions, keyPolicy, identity }) {
  const policies = identity.map((document) => parseIdentityPolicy(document, 'policy'))
  return decide({
    action,
    resource,
    principal: { ...principal, policies },
    conditions,
    keyAccount: account,
    ...(keyPolicy && { keyPolicy: parseKeyPolicy(JSON.stringify(keyPolicy)) }),
  })
}

function theirs({ action, resource, account, principal, conditions, keyPolicy, identity }) {
  return runUnsafeSimulation(
    {
      request: {
        principal: principal.arn,
        action,
        resource: { resource, accountId: account },
        contextVariables: conditions,
      },
      identityPolicies: (principal.kind === 'root' ? [everything] : identity).map(
        (document, i) => ({ name: `p${i}`, policy: document }),
      ),
      serviceControlPolicies: [],
      // its unchecked entry reads the name of the resource policy, and takes one only in the form
      // of a checked policy
      resourceControlPolicies: [],
      resourcePolicy: keyPolicy && {
        __validated: true,
        policyDocument: keyPolicy,
        metadata: { name: 'key policy' },
        errors: [],
      },
    },
    {},
  )
}

const statementsOf = (...documents) =>
  documents.filter(Boolean).flatMap(({ Statement }) => Statement)
const listOf = (value = []) => (Array.isArray(value) ? value : [value])
const has = (pattern, ...documents) =>
  documents.some((document) => document && pattern.test(JSON.stringify(document)))
/**
 * What the other evaluator does not model or does otherwise, by name; each class is left out as a
 * whole and counted.
 */
const exclusions = {
  'AWS: this operation has no cross-account use (it knows no such rule)': ({
    action,
    account,
    principal,
    keyPolicy,
  }) =>
    keyPolicy !== undefined && account !== principal.account && !crossAccountActions.has(action),
  'an operation without a key, an IAM policy that names ARNs (it takes the * of the request for a pattern)':
    ({ keyPolicy, identity }) =>
      keyPolicy === undefined &&
      statementsOf(...identity).some(({ Resource, NotResource }) =>
        [...listOf(Resource), ...listOf(NotResource)].some((one) => one !== '*'),
      ),
  'NotIpAddress with a range of the other IP version (it takes the address to be inside)': ({
    conditions,
    keyPolicy,
    identity,
  }) =>
    statementsOf(keyPolicy, ...identity).some(({ Condition = {} }) =>
      Object.entries(Condition).some(
        ([operator, keys]) =>
          operator.startsWith('NotIpAddress') &&
          Object.values(keys)
            .flatMap(listOf)
            .some((range) => isIP(range.split('/')[0]) !== isIP(conditions['aws:SourceIp'] ?? '')),
      ),
    ),
  'NotIpAddress with a prefix of 0 (it contains no address there)': ({ keyPolicy, identity }) =>
    has(/"NotIpAddress[^}]*\/0"/, keyPolicy, ...identity),
  'AWS: dates in seconds since the epoch (it reads milliseconds)': ({ keyPolicy, identity }) =>
    has(/"1780000000"/, keyPolicy, ...identity),
  'AWS: version 2008-10-17 has no variables (it resolves them)': ({ keyPolicy, identity }) =>
    [keyPolicy, ...identity].some(
      (document) => document?.Version === '2008-10-17' && has(/\$\{/, document),
    ),
  'AWS: a variable without a value is equal to nothing, so a negated operator holds (it fails there)':
    ({ conditions, keyPolicy, identity }) =>
      conditions['aws:username'] === undefined &&
      has(/"(For\w+:)?StringNot[^}]*\$\{aws:username\}/, keyPolicy, ...identity),
  'AWS: a Deny with NotPrincipal spares whom it lists as session, role and account (it asks for one of them)':
    ({ principal, keyPolicy }) => {
      const chain = [
        [principal.account, `arn:aws:iam::${principal.account}:root`],
        ...(principal.kind === 'root'
          ? []
          : [principal.arn, ...roleOf(principal)].map((arn) => [arn])),
      ]
      return statementsOf(keyPolicy).some(({ Effect, NotPrincipal }) => {
        const listed = chain.filter((names) =>
          names.some((name) => listOf(NotPrincipal?.AWS).includes(name)),
        ).length
        return Effect === 'Deny' && listed > 0 && listed < chain.length
      })
    },
}

/** A decision in the words of the other evaluator. */
function answerOf(decision) {
  if (decision.allowed) return 'Allowed'
  return decision.reason.startsWith('explicit') ? 'ExplicitlyDenied' : 'ImplicitlyDenied'
}

test(`${cases} generated questions get the answers of @cloud-copilot/iam-simulate`, (t) => {
  const random = generator(seed)
  const counts = { Allowed: 0, ExplicitlyDenied: 0, ImplicitlyDenied: 0 }
  const left = Object.fromEntries(Object.keys(exclusions).map((name) => [name, 0]))
  const differences = []
  for (let i = 0; i < cases; i++) {
    const asked = question(random)
    const [name] = Object.entries(exclusions).find(([, excludes]) => excludes(asked)) ?? []
    if (name) {
      left[name]++
      continue
    }
    const mine = ours(asked)
    const expected = theirs(asked)
    const answer = answerOf(mine)
    counts[answer]++
    if (answer !== expected) differences.push({ i, answer, expected, asked })
  }
  t.diagnostic(JSON.stringify({ counts, left }))
  assert.deepEqual(
    differences.slice(0, 3).map((difference) => JSON.stringify(difference)),
    [],
    `${differences.length} differences`,
  )
  for (const [name, count] of Object.entries(left))
    assert.ok(count > 0, `nothing was left out for: ${name}`)
  const compared = Object.values(counts).reduce((sum, count) => sum + count)
  assert.ok(compared > 5000, `${compared} compared`)
  for (const [name, count] of Object.entries(counts))
    assert.ok(count > compared / 10, `${name}: ${count} of ${compared}`)
})
