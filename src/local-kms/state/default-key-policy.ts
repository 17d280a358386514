/**
 * The key policy of a key made without one (developer guide, "Default key policy"): the account,
 * hence every IAM policy of it that allows. In the text form that was recorded.
 */
export const defaultKeyPolicy = (account: string, partition = 'aws'): string => `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:${partition}:iam::${account}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
