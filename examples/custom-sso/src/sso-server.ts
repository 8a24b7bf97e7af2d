import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { jwtVerify, SignJWT } from "jose";

/** What a service may do, by repository; a trailing slash allows all below. */
export type Rights = Readonly<Record<string, readonly string[]>>;

export interface SsoOptions {
  readonly clients: Readonly<Record<string, { readonly secret: string; readonly rights: Rights }>>;
  /** How long a token is good for. */
  readonly lifetimeSeconds: number;
  /** Subtracted from a token's end, for a registry that is lenient by as much. */
  readonly leewaySeconds?: number;
  /** Signs tokens; with the certificate a registry knows it by, in base64 of DER. One is made if none is given. */
  readonly key?: { readonly pem: string; readonly certificate: string };
}

/** The company's sign-on: OpenID Connect as far as services need it. */
export interface SsoServer extends AsyncDisposable {
  readonly issuer: string;
  readonly audience: string;
  readonly publicKey: KeyObject;
  /** What was answered: `granted ci repository:team/app:pull`, `refused ci`. */
  readonly log: string[];
}

const AUDIENCE = "registry.company.example";

/**
 * A sign-on with two ways in. A service that signs in by client credentials (RFC 6749, section 4.4) and names registry
 * scopes gets a token the registry takes. One that names none gets a token that says who it is, which the registry's
 * own token endpoint (`/registry/token`) takes for a password.
 */
export async function startSsoServer(options: SsoOptions): Promise<SsoServer> {
  const { privateKey, publicKey } = keysOf(options);
  const log: string[] = [];
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the sign-on has no port");
  const issuer = `http://127.0.0.1:${address.port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", issuer);
    if (url.pathname === "/.well-known/openid-configuration") {
      return reply(response, 200, { issuer, token_endpoint: `${issuer}/token` });
    }
    if (url.pathname === "/token" && request.method === "POST") return clientCredentials(request, response);
    if (url.pathname === "/registry/token")
      return registryToken(request, response, url.searchParams.getAll("scope"));
    return reply(response, 404, { error: "not_found" });
  }

  async function clientCredentials(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await textOf(request));
    const [client, secret] = basicOf(request);
    if (form.get("grant_type") !== "client_credentials")
      return reply(response, 400, { error: "unsupported_grant_type" });
    if (options.clients[client]?.secret !== secret) {
      log.push(`refused ${client}`);
      return reply(response, 401, { error: "invalid_client" });
    }
    return grant(response, client, (form.get("scope") ?? "").split(" ").filter(Boolean));
  }

  async function registryToken(
    request: IncomingMessage,
    response: ServerResponse,
    scopes: readonly string[],
  ): Promise<void> {
    const [, password] = basicOf(request);
    try {
      const { payload } = await jwtVerify(password, publicKey, {
        issuer,
        audience: AUDIENCE,
        clockTolerance: options.leewaySeconds ?? 0,
      });
      await grant(response, payload.sub ?? "", scopes);
    } catch {
      log.push("refused a password");
      reply(response, 401, { details: "this is no token of ours, or no longer" });
    }
  }

  async function grant(response: ServerResponse, client: string, scopes: readonly string[]): Promise<void> {
    const access = scopes.map((scope) => allowed(scope, options.clients[client]?.rights ?? {}));
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({ access: access.filter(({ actions }) => actions.length > 0) })
      .setProtectedHeader({
        alg: "ES256",
        typ: "JWT",
        ...(options.key === undefined ? {} : { x5c: [options.key.certificate] }),
      })
      .setIssuer(issuer)
      .setSubject(client)
      .setAudience(AUDIENCE)
      .setIssuedAt(now)
      .setNotBefore(now - 300)
      .setExpirationTime(now + options.lifetimeSeconds - (options.leewaySeconds ?? 0))
      .setJti(randomUUID())
      .sign(privateKey);
    log.push(`granted ${client} ${scopes.join(" ")}`.trim());
    reply(response, 200, { access_token: token, token_type: "Bearer", expires_in: options.lifetimeSeconds });
  }

  return {
    issuer,
    audience: AUDIENCE,
    publicKey,
    log,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function keysOf(options: SsoOptions): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (options.key === undefined) return generateKeyPairSync("ec", { namedCurve: "P-256" });
  const privateKey = createPrivateKey(options.key.pem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function allowed(
  scope: string,
  rights: Rights,
): { readonly type: string; readonly name: string; readonly actions: string[] } {
  const [type = "", name = "", actions = ""] = scope.split(":");
  const entry = Object.entries(rights).find(([key]) =>
    key.endsWith("/") ? name.startsWith(key) : name === key,
  );
  return { type, name, actions: actions.split(",").filter((action) => entry?.[1].includes(action)) };
}

function basicOf(request: IncomingMessage): readonly [name: string, secret: string] {
  const pair = Buffer.from(
    (request.headers.authorization ?? "").replace(/^Basic /i, ""),
    "base64",
  ).toString();
  const colon = pair.indexOf(":");
  return [pair.slice(0, colon), pair.slice(colon + 1)];
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function reply(response: ServerResponse, status: number, document: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(document));
}
