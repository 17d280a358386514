// What the tests of the local KMS send and read, and the rows of their tables.
import type { IncomingHttpHeaders } from 'node:http'
import type * as aws from '@aws-sdk/client-kms'
import type { LocalKms } from 'sealdrop/local-kms'

/** Classes of the AWS client by operation: `Sign` has SignCommand. */
type Commands = {
  [
    Name in keyof typeof aws as Name extends `${infer Verb}Command` ? Verb : never
  ]: (typeof aws)[Name]
}
export type Operation = Exclude<keyof Commands, '$'>

/** What an operation answers, as the AWS client declares it: every member may be absent. */
type Output<Name extends Operation> =
  InstanceType<Commands[Name]> extends {
    resolveMiddleware(...input: never[]): (...input: never[]) => Promise<{ output: infer Answer }>
  }
    ? Answer
    : never

/** The same with every member there: a test that reads one which is absent fails at that line. */
export type Whole<T> = T extends Uint8Array | Date | string
  ? T
  : T extends object
    ? { [Member in keyof T]-?: Whole<NonNullable<T[Member]>> }
    : T

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never

/** Of an operation that only the run of a test knows: the members of every answer. */
type AnyAnswer = Intersection<{ [Name in Operation]: Whole<Output<Name>> }[Operation]>

export type Answer<Name extends string> = Name extends Operation ? Whole<Output<Name>> : AnyAnswer

/** Sends an operation through the unmodified AWS client. */
export type Client = <Name extends string>(operation: Name, input?: object) => Promise<Answer<Name>>

/** What the unmodified AWS client needs of a server. */
export type Server = Pick<LocalKms, 'clientConfig'>

/** What stands on an error of the AWS client, of the local KMS or of Node. */
export interface Failure extends Error {
  code: string
  text: string | undefined
  status: number
  $metadata: { httpStatusCode: number; attempts: number; requestId: string }
}

/** The answer to a bare HTTP request. */
export interface RawAnswer {
  status: number
  headers: IncomingHttpHeaders
  text: string
  json: () => ReturnType<JSON['parse']>
}

/** Operation, input as JSON, the message that refuses it. */
export type Refusal = readonly [operation: string, input: object, message: string | symbol]

/** Operation, input as JSON, name of the error, its message. */
export type FaultRow = readonly [
  operation: string,
  input: object,
  name: string,
  message: string | symbol,
]
