// Who says so, and how certain it is.
//   recorded   a test that its project ran against AWS, whose recording is kept with it
//   measured   a test whose author says that he copied every expectation from AWS
//   reported   the text that users of AWS quote
//   documented the API reference of AWS only

const source = (certainty, project) => (test) => ({ source: `${project}${test}`, certainty })

/** github.com/localstack/localstack, tests/aws/services/kms, at 8b9a79f0. */
export const localstack = source('recorded', 'LocalStack test_kms.py::TestKMS::')
export const localstackKeys = source('recorded', 'LocalStack test_kms.py::TestKMSGenerateKeys::')
/** github.com/getmoto/moto, tests marked aws_verified. */
export const moto = source('recorded', 'moto test_kms_encrypt.py::')
/** github.com/floci-io/floci, pull request 3968 of 2026-09-20: measured in us-east-1. */
export const floci = source('measured', 'floci 3968 KmsIntegrationTest::')
/** Issues of the same project, each measured by its author. */
export const flociIssue = source('measured', 'floci issue ')
export const facts = source('recorded', 'kms-facts.md: ')
export const reported = source('reported', 'issues of users: ')
export const documented = source('documented', 'API reference: ')

export const row = (name, from, steps, more = {}) => ({ name, ...from, steps, ...more })
