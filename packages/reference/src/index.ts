export { compareReferences, equalReferences } from "./compare-references.ts";
export { type Diagnostic, diagnoseReference, type Fix, type WarningCode } from "./diagnose-reference.ts";
export {
  type Digest,
  type DigestOptions,
  digestAlgorithm,
  digestEncoded,
  isDigest,
  isVerifiableDigest,
  parseDigest,
} from "./digest.ts";
export {
  type InvalidReferenceCode,
  InvalidReferenceError,
  isInvalidReferenceError,
} from "./invalid-reference-error.ts";
export { parseAnyReference } from "./parse-any-reference.ts";
export {
  type ParseOptions,
  type ParseResult,
  parseReference,
  safeParseReference,
} from "./parse-reference.ts";
export type { Reference, ReferenceParts } from "./reference.ts";
export { credentialKey, registryHost } from "./registry-host.ts";
