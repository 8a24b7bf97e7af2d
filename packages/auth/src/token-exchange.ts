import { AuthError } from "./errors.ts";
import { quoteForeign, toBase64 } from "./text.ts";

/** What a token server is asked. */
export interface TokenQuestion {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly clientId: string;
}

/** A request to a token server, before a transport takes it. */
export interface TokenRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** What a token server granted. */
export interface TokenGrant {
  readonly token: string;
  /** Clamped to what is believable. */
  readonly lifetimeSeconds: number;
  /** A refresh token that takes the place of the one sent. */
  readonly refreshToken?: string;
}

/** Who asked whom, for messages. */
export interface TokenAsker {
  readonly registry: string;
  /** `the token server https://auth.docker.io/token` */
  readonly where: string;
  /** `anonymously`, `to "me" with the password from FILE` */
  readonly as: string;
  /** What must not be in a message. */
  readonly secrets: readonly string[];
}

/** Room for a token of many groups; nothing honest is larger. */
export const TOKEN_ANSWER_LIMIT_BYTES = 131_072;

/** The least lifetime a token is given (distribution, "Token Authentication Specification": `expires_in`). */
const LIFETIME_MIN_SECONDS = 60;
/** Beyond an hour a token is asked for again: a right that was withdrawn should not live on for days. */
const LIFETIME_MAX_SECONDS = 3600;

/** An answer that is decoded nowhere has to come as it is. */
const ACCEPT = { accept: "application/json", "accept-encoding": "identity" };

/** Asks by GET, with Basic or anonymously (distribution, "Requesting a Token"). */
export function tokenGet(
  question: TokenQuestion,
  basic?: { readonly username: string; readonly password: string },
): TokenRequest {
  const url = new URL(question.realm);
  if (question.service !== undefined && question.service !== "")
    url.searchParams.set("service", question.service);
  for (const scope of question.scopes) url.searchParams.append("scope", scope);
  if (basic === undefined) return { method: "GET", url, headers: ACCEPT };
  url.searchParams.set("client_id", question.clientId);
  if (basic.username !== "") url.searchParams.set("account", basic.username);
  return {
    method: "GET",
    url,
    headers: { ...ACCEPT, authorization: basicHeader(basic.username, basic.password) },
  };
}

/** Asks by POST, the secret in the body and never in the URL (distribution, "OAuth2 Token Authentication"). */
export function tokenPost(
  question: TokenQuestion,
  grant: { readonly refreshToken: string } | { readonly username: string; readonly password: string },
): TokenRequest {
  const form = new URLSearchParams();
  if ("refreshToken" in grant) {
    form.set("grant_type", "refresh_token");
    form.set("refresh_token", grant.refreshToken);
  } else {
    form.set("grant_type", "password");
    form.set("username", grant.username);
    form.set("password", grant.password);
  }
  // Required by the specification, so it is sent even where the challenge names none.
  form.set("service", question.service ?? "");
  form.set("client_id", question.clientId);
  if (question.scopes.length > 0) form.set("scope", question.scopes.join(" "));
  return {
    method: "POST",
    url: new URL(question.realm),
    headers: { ...ACCEPT, "content-type": "application/x-www-form-urlencoded" },
    body: new TextEncoder().encode(form.toString()),
  };
}

/**
 * The `Authorization` value of a name and password, in UTF-8 (RFC 7617).
 *
 * @throws AuthError `CONFIG` for a name with a colon, which would end there
 */
export function basicHeader(username: string, password: string): string {
  if (username.includes(":")) {
    throw new AuthError(
      "CONFIG",
      `the name "${quoteForeign(username)}" has a colon, which Basic cannot carry`,
    );
  }
  return `Basic ${toBase64(`${username}:${password}`)}`;
}

/**
 * Judges a token server's answer. The token is not decoded: it is the registry's business.
 *
 * @throws AuthError `UNAUTHENTICATED`, `UNAVAILABLE`, `PROTOCOL`; the message holds none of the asker's secrets.
 */
export function judgeTokenAnswer(
  status: number,
  bytes: Uint8Array,
  prefer: "token" | "access_token",
  asked: TokenAsker,
): TokenGrant {
  const { where, registry } = asked;
  const answer = parseObject(bytes);
  if (status !== 200) throw refusal(status, asked, answer);
  if (answer === undefined)
    throw new AuthError("PROTOCOL", `${where} answered 200 without a JSON object`, { status, registry });
  const first = answer[prefer];
  const second = answer[prefer === "token" ? "access_token" : "token"];
  const token = isText(first) ? first : second;
  if (!isText(token))
    throw new AuthError("PROTOCOL", `${where} answered 200 without a token`, { status, registry });
  if (!isVisibleAscii(token)) {
    throw new AuthError("PROTOCOL", `${where} answered with a token that cannot stand in a header`, {
      status,
    });
  }
  const refreshToken = answer["refresh_token"];
  return {
    token,
    lifetimeSeconds: clampLifetime(answer["expires_in"]),
    ...(isText(refreshToken) && isVisibleAscii(refreshToken) ? { refreshToken } : {}),
  };
}

function refusal(
  status: number,
  { registry, where, as, secrets }: TokenAsker,
  answer: Readonly<Record<string, unknown>> | undefined,
): AuthError {
  const words = answer === undefined ? "" : serverWords(answer);
  const said = words === "" ? `${status}` : `${status} (${quoteForeign(words, secrets)})`;
  if (status === 400 || status === 401 || status === 403) {
    return new AuthError("UNAUTHENTICATED", `${where} gives no token ${as}: ${said}`, { status, registry });
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new AuthError("UNAVAILABLE", `${where} cannot give a token now: ${said}`, { status, registry });
  }
  return new AuthError("PROTOCOL", `${where} answered ${said} where a token was asked for`, {
    status,
    registry,
  });
}

/** What RFC 6749 (`error`, `error_description`), distribution (`errors`) and others (`details`) say in. */
function serverWords(answer: Readonly<Record<string, unknown>>): string {
  const errors = answer["errors"];
  const entry: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const fields = isObject(entry) ? [entry["code"], entry["message"]] : [];
  return [...fields, answer["error"], answer["error_description"], answer["details"], answer["message"]]
    .filter(isText)
    .join(": ");
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Whether a token can stand in a header and in nothing else: no blank, no line break, no NUL. */
export function isVisibleAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}

/** Some servers send the number as text. */
function clampLifetime(value: unknown): number {
  const seconds = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== "number" || Number.isNaN(seconds)) return LIFETIME_MIN_SECONDS;
  return Math.min(Math.max(seconds, LIFETIME_MIN_SECONDS), LIFETIME_MAX_SECONDS);
}
