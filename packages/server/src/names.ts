import { type Digest, isDigest, isVerifiableDigest } from "@reg/reference";
import { Refusal } from "./refusal.ts";

/** distribution-spec, "Pull": many clients cap a name at 255 characters. */
const MAX_NAME_LENGTH = 255;
const MAX_TAG_LENGTH = 128;

/** No two parts of it match the same character, so it cannot backtrack. */
const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;

/** A repository's name (distribution-spec, "Pull"); 400 `NAME_INVALID` otherwise. */
export function checkName(name: string): string {
  if (!isName(name)) {
    throw new Refusal(400, "NAME_INVALID", `not a repository name: ${quote(name)}`);
  }
  return name;
}

export function isName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_NAME_LENGTH) return false;
  return name.split("/").every((component) => COMPONENT.test(component));
}

export function isTag(tag: string): boolean {
  return tag.length <= MAX_TAG_LENGTH && /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(tag);
}

/** A digest this registry can store by; 400 `DIGEST_INVALID` otherwise. */
export function checkDigest(text: string): Digest {
  const digest = asDigest(text);
  if (digest === undefined) {
    throw new Refusal(400, "DIGEST_INVALID", `not a sha256 or sha512 digest: ${quote(text)}`);
  }
  return digest;
}

export function asDigest(text: string): Digest | undefined {
  return isDigest(text) && isVerifiableDigest(text) ? text : undefined;
}

/** Text from a request, made fit for a message: no control characters, and not the whole of a long one. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
