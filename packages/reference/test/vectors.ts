import type { InvalidReferenceCode } from "../src/invalid-reference-error.ts";
import file from "./vectors/reference.json" with { type: "json" };

interface Accepted {
  readonly ok: true;
  readonly input: string;
  readonly domain: string;
  readonly path: string;
  readonly tag: string | null;
  readonly digest: string | null;
  readonly familiar: string;
  readonly canonical: string;
  readonly withDefaultTag: string;
  readonly apiHost: string;
  readonly authKey: string;
  readonly note: string;
  readonly anyReference?: string;
}

interface Refused {
  readonly ok: false;
  readonly input: string;
  /** Not where distribution/reference takes what we refuse. */
  readonly errorClass?: string;
  readonly note: string;
}

/** The file is ours, and holds nothing else. */
export const vectors = file as unknown as readonly (Accepted | Refused)[];

/** The class that distribution/reference puts each of our codes in. */
export const errorClasses: Record<InvalidReferenceCode, string> = {
  EMPTY: "format",
  SCHEME: "format",
  IDENTIFIER: "format",
  CHARACTER_INVALID: "format",
  DOMAIN_INVALID: "format",
  PORT_INVALID: "format",
  NAME_EMPTY: "format",
  NAME_INVALID: "format",
  NAME_UPPERCASE: "uppercase-name",
  NAME_TOO_LONG: "name-too-long",
  TAG_EMPTY: "format",
  TAG_INVALID: "format",
  TAG_TOO_LONG: "format",
  TAG_REPEATED: "format",
  TAG_AFTER_DIGEST: "format",
  DIGEST_EMPTY: "format",
  DIGEST_INVALID: "format",
  DIGEST_UPPERCASE: "digest-format",
  DIGEST_LENGTH: "digest-length",
  DIGEST_UNSUPPORTED: "digest-unsupported",
  PATTERN_INVALID: "format",
};
