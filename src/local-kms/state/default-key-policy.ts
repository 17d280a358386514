/**
 * The policy of a key that is made without one, in the text that was recorded from AWS.
 *
 * It lets the account in, and so leaves everything to IAM policies there (developer guide, "Default
 * key policy").
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
