import type { ContentFault } from "@reg/sdk";

/** One fault of `reg verify` and `reg repair`, as JSON. */
export function faultDocument({ kind, descriptor, path, message }: ContentFault): object {
  const { digest, mediaType, size } = descriptor;
  return { kind, digest, mediaType, size, path, message };
}

/** The same as a line. */
export function faultLine({ kind, descriptor, message }: ContentFault): string {
  return `${kind}  ${descriptor.digest}  ${message}`;
}
