import { RegistryError, type RegistryErrorCode, type RegistryErrorEntry } from "./errors.ts";

/** What was asked, for messages. */
export interface Question {
  /** `GET manifest docker.io/library/ubuntu:24.04` */
  readonly what: string;
  readonly registry: string;
  readonly repository?: string | undefined;
}

/** What came back, where it is not what was asked for. */
export interface Refusal {
  readonly status: number;
  /** The body, or the beginning of one that is too large. Empty after a `HEAD`. */
  readonly body: Uint8Array;
}

/** Makes an error of an answer that is none of the expected ones. Never throws: whatever the body holds. */
export function judge(question: Question, refusal: Refusal): RegistryError {
  const errors = readErrors(refusal.body);
  const code = codeOf(refusal.status, errors);
  const said = errors.length > 0 ? errors.map(sayEntry).join("; ") : sayText(refusal.body);
  const hint = HINTS[code];
  const message = `${question.what}: ${refusal.status}${said === "" ? "" : ` ${said}`}${hint === undefined ? "" : ` (${hint})`}`;
  return new RegistryError(code, message, {
    status: refusal.status,
    errors,
    retryable: code === "RATE_LIMITED" || code === "UNAVAILABLE",
    registry: question.registry,
    ...(question.repository === undefined ? {} : { repository: question.repository }),
  });
}

/**
 * The error list of a body (distribution-spec, "Error Codes"): codes kept as they came, numbers as text, OpenShift's
 * `details` as `detail`. Empty where the body is anything else.
 */
export function readErrors(body: Uint8Array): readonly RegistryErrorEntry[] {
  const document = parseJson(body);
  if (!isRecord(document)) return [];
  const list = document["errors"];
  // Some answer one error object, or a bare code and message.
  const candidates = Array.isArray(list) ? list.slice(0, MAX_ERRORS) : [isRecord(list) ? list : document];
  return candidates.flatMap((candidate) => {
    if (!isRecord(candidate)) return [];
    const { code, message } = candidate;
    const detail = candidate["detail"] ?? candidate["details"];
    if (typeof code !== "string" && typeof code !== "number") return [];
    return [
      {
        code: String(code),
        ...(typeof message === "string" ? { message } : {}),
        ...(detail === undefined || detail === null ? {} : { detail }),
      },
    ];
  });
}

/** A server's text made fit for a message: one line, no control characters, no query strings, not too long. */
export function plainText(text: string, limit: number = MAX_TEXT_CHARACTERS): string {
  let plain = "";
  let inUrl = false;
  let skipping = false;
  for (let i = 0; i < text.length && plain.length < limit; i += 1) {
    const c = text.charCodeAt(i);
    const character = text.charAt(i);
    const blank = c <= 0x20 || (c >= 0x7f && c <= 0xa0) || isBidi(c);
    if (blank || character === '"' || character === "'" || character === "<" || character === ">") {
      inUrl = false;
      skipping = false;
    } else if (text.startsWith("://", i)) {
      inUrl = true;
    } else if (inUrl && character === "?") {
      // The query of a URL may be signed, or hold a token.
      skipping = true;
      plain += "?…";
    }
    if (skipping) continue;
    if (!blank) plain += character;
    else if (plain !== "" && !plain.endsWith(" ")) plain += " ";
  }
  return plain.trim();
}

const MAX_ERRORS = 20;
const MAX_TEXT_CHARACTERS = 300;

const HINTS: Partial<Record<RegistryErrorCode, string>> = {
  UNAUTHENTICATED: "sign in; a private repository and one that does not exist often look the same",
  FORBIDDEN: "the account may not do this, or the repository does not exist",
};

const CODES: Readonly<Record<string, RegistryErrorCode>> = {
  BLOB_UNKNOWN: "NOT_FOUND",
  BLOB_UPLOAD_UNKNOWN: "NOT_FOUND",
  MANIFEST_UNKNOWN: "NOT_FOUND",
  NAME_UNKNOWN: "NOT_FOUND",
  NOT_FOUND: "NOT_FOUND",
  TAG_EXPIRED: "NOT_FOUND",
  UNAUTHORIZED: "UNAUTHENTICATED",
  DENIED: "FORBIDDEN",
  TOOMANYREQUESTS: "RATE_LIMITED",
  UNSUPPORTED: "UNSUPPORTED",
  DIGEST_INVALID: "DIGEST_MISMATCH",
};

function codeOf(status: number, errors: readonly RegistryErrorEntry[]): RegistryErrorCode {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "FORBIDDEN";
    case 404:
    case 410:
      return "NOT_FOUND";
    case 405:
    case 501:
      return "UNSUPPORTED";
    case 408:
      return "UNAVAILABLE";
    case 429:
      return "RATE_LIMITED";
  }
  if (status < 400) return "PROTOCOL";
  // Whatever it says of the reason: a server that fails is not to be believed that something is not there.
  if (status >= 500) return "UNAVAILABLE";
  for (const { code } of errors) {
    const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
    if (known !== undefined) return known;
  }
  return "INVALID";
}

function sayEntry({ code, message, detail }: RegistryErrorEntry): string {
  const explained = message ?? (typeof detail === "string" ? detail : undefined);
  return explained === undefined ? plainText(code, 60) : `${plainText(code, 60)}: ${plainText(explained)}`;
}

function sayText(body: Uint8Array): string {
  const text = decode(body);
  // A page of HTML says nothing that helps.
  return text === undefined || text.trimStart().startsWith("<") ? "" : plainText(text);
}

function parseJson(body: Uint8Array): unknown {
  const text = decode(body);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text, (_, value: unknown) => visible(value));
  } catch {
    return undefined;
  }
}

/** A value whose text cannot steer the terminal it is printed to. */
function visible(value: unknown): unknown {
  if (typeof value === "string") return escapeControls(value);
  if (!isRecord(value) || Object.keys(value).every((key) => escapeControls(key) === key)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [escapeControls(key), item]));
}

function escapeControls(text: string): string {
  let escaped = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    const isBlank = c === 0x09 || c === 0x0a;
    const steers = (c < 0x20 && !isBlank) || (c >= 0x7f && c < 0xa0) || isBidi(c);
    escaped += steers ? `\\u${c.toString(16).padStart(4, "0")}` : text.charAt(i);
  }
  return escaped;
}

function decode(body: Uint8Array): string | undefined {
  return body.byteLength === 0 ? undefined : new TextDecoder().decode(body);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Characters that change the direction of what is shown around them. */
function isBidi(c: number): boolean {
  return (c >= 0x200e && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}
