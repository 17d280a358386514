/**
 * Limits that hold before anything is allocated by announced size (design.md, "Defaults against
 * attack").
 */
export const limits = {
  /** Bytes of a decoded protected header; writers obey it too. */
  header: 16_384,
  /** Bytes of a value: larger input belongs in a sealed stream. */
  value: 1_048_576,
  /** JSON that is sealed is padded to a multiple of this. */
  jsonPadding: 64,
  /** Bytes of a key set, and keys in it. */
  keySet: 65_536,
  keys: 32,
  /** The same of a history, which holds every signing key that there ever was. */
  history: 1_048_576,
  historyKeys: 1_024,
  /** Depth of nested JSON in headers and key sets, and in what is sealed, signed or opened. */
  jsonDepth: 32,
  contentDepth: 1_000,
  /** Milliseconds that an opener takes a value with a maximum age from the future. */
  tolerance: 60_000,
  /** Bytes of `apu` and of `apv`, decoded. */
  partyInfo: 1_024,
  /** Data keys under which the fields of one record may be: each costs a KMS call. */
  recordDataKeys: 8,
  /**
   * Bytes of a frame: the default, and the most that is written or taken, since a frame is held
   * until its tag verified.
   */
  frame: 524_288,
  maxFrame: 16_777_216,
  /** The most that a reader can be told to take. */
  anyFrame: 1_073_741_824,
  /** Sequence numbers are four bytes, of which the highest marks the final frame. */
  frames: 0xffffffff,
  /** Frames sealed or opened side by side: the default, and the most. */
  framesInFlight: 4,
  maxFramesInFlight: 16,
  /** Encrypted data keys of a message. */
  recipients: 8,
  /** Bytes of one slice of a sealed file. */
  slice: 1_073_741_824,
  /** How long the record of a file sealer lives, in milliseconds. */
  recordAge: 604_800_000,
  /** Milliseconds that a database of the browser may take to open, and the lock of a record. */
  openPatience: 5_000,
  lockPatience: 1_000,
  /** Bytes of one chunk of the chunk digest. */
  digestChunk: 1_048_576,
  /**
   * Values that one sealer puts under one data key: RFC 5116 random nonces stay far from colliding.
   */
  sealerValues: 1_048_576,
} as const
