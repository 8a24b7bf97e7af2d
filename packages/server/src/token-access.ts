import type { Access, AccessControl, Verdict } from "./access.ts";
import { jsonReply, type RegistryReply, type RegistryRequest } from "./exchange.ts";
import { Refusal } from "./refusal.ts";
import { formatScope, parseScopes } from "./scope.ts";
import { type TokenSigner, tokenSigner } from "./signed-token.ts";
import { isAllowed, isKnown, isUser, type Pair, parseBasic, type UserOptions } from "./users.ts";

/** Token servers of others give five minutes; so do we. */
const DEFAULT_LIFETIME_SECONDS = 300;

/** A refresh token is asked for by those who stay signed in: a month. */
const REFRESH_LIFETIME_SECONDS = 30 * 24 * 60 * 60;

/** Forms with a name, a password or token, and a few scopes stay far below. */
const MAX_FORM_BYTES = 64 * 1024;

/** Who may do what by {@link tokenAccess}, and how its tokens are. */
export interface TokenAccessOptions extends UserOptions {
  /** Path of the token endpoint. Default `/token`. */
  readonly path?: string | undefined;
  /** Where clients reach the endpoint, if not at the name they use for the registry: behind a proxy with TLS, say. */
  readonly realm?: string | undefined;
  /** The `service` of the challenge. Default: the name that the client uses. */
  readonly service?: string | undefined;
  /** Default 300. */
  readonly lifetimeSeconds?: number | undefined;
  /** Signs the tokens: 32 random bytes. Default: made anew at every start, so that no token outlives the process. */
  readonly key?: Uint8Array | undefined;
}

/**
 * Signs users in as the large registries do: the registry answers 401 with a Bearer challenge, and its token endpoint
 * trades a name and password for a short-lived token, by GET and by the OAuth2 POST, with refresh tokens
 * (distribution's "Token Authentication Specification").
 *
 * @example
 * ```ts
 * import { createRegistry, memoryStorage, tokenAccess } from "@reg/server";
 * const registry = createRegistry({
 *   storage: memoryStorage(),
 *   access: tokenAccess({ users: { ci: "secret" } }),
 * });
 * ```
 */
export function tokenAccess(options: TokenAccessOptions): AccessControl {
  const signer = tokenSigner(options.key);
  const path = options.path ?? "/token";

  const challengeFor = (request: RegistryRequest, needs: readonly Access[], error?: string): Verdict => {
    const scope = formatScope(needs);
    const parts = [
      `realm="${options.realm ?? request.origin + path}"`,
      `service="${options.service ?? new URL(request.origin).host}"`,
      ...(scope === undefined ? [] : [`scope="${scope}"`]),
      ...(error === undefined ? [] : [`error="${error}"`]),
    ];
    return { kind: "challenge", challenges: [`Bearer ${parts.join(",")}`] };
  };

  return {
    async judge(request, needs) {
      const header = request.header("authorization");
      if (header === undefined || !/^bearer /i.test(header)) return challengeFor(request, needs);
      const claims = signer.read(header.slice("bearer ".length).trim());
      if (claims?.use !== "access") return challengeFor(request, needs, "invalid_token");
      const may = (access: Access): boolean => covers(claims.grants, access);
      if (needs.every(may)) return { kind: "allowed", may };
      return challengeFor(request, needs, "insufficient_scope");
    },
    async handle(request) {
      if (request.path !== path) return undefined;
      if (request.method === "GET") return grantByQuery(request, options, signer);
      if (request.method === "POST") return grantByForm(request, options, signer);
      throw new Refusal(405, "UNSUPPORTED", "tokens are got by GET or POST", {
        headers: [["Allow", "GET, POST"]],
      });
    },
  };
}

async function grantByQuery(
  request: RegistryRequest,
  options: TokenAccessOptions,
  signer: TokenSigner,
): Promise<RegistryReply> {
  const { query } = request;
  const header = request.header("authorization");
  const pair = parseBasic(header);
  if (header !== undefined && (pair === undefined || !(await isUser(options, pair)))) throw wrongPassword();
  return grant(options, signer, {
    subject: pair?.username,
    scopes: query.getAll("scope"),
    offline: query.get("offline_token") === "true",
  });
}

async function grantByForm(
  request: RegistryRequest,
  options: TokenAccessOptions,
  signer: TokenSigner,
): Promise<RegistryReply> {
  const form = await readForm(request);
  const scopes = form.getAll("scope");
  const offline = form.get("access_type") === "offline";
  switch (form.get("grant_type")) {
    case "password": {
      const pair: Pair = { username: form.get("username") ?? "", password: form.get("password") ?? "" };
      if (!(await isUser(options, pair))) throw wrongPassword();
      return grant(options, signer, { subject: pair.username, scopes, offline });
    }
    case "refresh_token": {
      const given = form.get("refresh_token") ?? "";
      const claims = signer.read(given);
      if (claims?.use !== "refresh" || !isKnown(options, claims.subject)) throw wrongPassword();
      return grant(options, signer, { subject: claims.subject, scopes, offline: false, refreshToken: given });
    }
    default:
      throw new Refusal(400, "UNSUPPORTED", "grant_type is password or refresh_token");
  }
}

interface Asked {
  readonly subject: string | undefined;
  readonly scopes: readonly string[];
  readonly offline: boolean;
  readonly refreshToken?: string;
}

/** A token for what is allowed of what was asked for. */
async function grant(options: TokenAccessOptions, signer: TokenSigner, asked: Asked): Promise<RegistryReply> {
  const { subject } = asked;
  const grants: Access[] = [];
  for (const access of parseScopes(asked.scopes))
    if (await isAllowed(options, subject, access)) grants.push(access);
  const lifetime = options.lifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS;
  const now = Math.floor(Date.now() / 1000);
  const token = signer.sign({ use: "access", subject, grants, expires: now + lifetime });
  const refresh = asked.offline
    ? signer.sign({ use: "refresh", subject, grants: [], expires: now + REFRESH_LIFETIME_SECONDS })
    : asked.refreshToken;
  return jsonReply(
    200,
    {
      token,
      access_token: token,
      expires_in: lifetime,
      issued_at: new Date(now * 1000).toISOString(),
      ...(refresh === undefined ? {} : { refresh_token: refresh }),
    },
    [["Cache-Control", "no-store"]],
  );
}

/** Whether what was granted includes something. */
function covers(grants: readonly Access[], access: Access): boolean {
  return grants.some(
    ({ type, name, action }) =>
      type === access.type && name === access.name && (action === "*" || action === access.action),
  );
}

async function readForm(request: RegistryRequest): Promise<URLSearchParams> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.byteLength;
    if (length > MAX_FORM_BYTES) throw new Refusal(413, "SIZE_INVALID", "the form is too large");
    chunks.push(new Uint8Array(chunk));
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

function wrongPassword(): Refusal {
  return new Refusal(401, "UNAUTHORIZED", "the name, the password or the token is wrong");
}
