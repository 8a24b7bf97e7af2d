import { execFileSync } from "node:child_process";
import { createPrivateKey, randomUUID, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { SignJWT } from "jose";

export interface TokenServerLog {
  readonly method: string;
  readonly user: string;
  readonly scopes: readonly string[];
}

export interface TokenServer extends AsyncDisposable {
  readonly realm: string;
  readonly log: TokenServerLog[];
  /** What the registry's configuration needs to trust the tokens. */
  registryAuth(): object;
  /** How long the registry takes the next tokens for good, whatever they say; undefined: for as long as they say. */
  lifetimeSeconds: number | undefined;
}

const ISSUER = "test token server";
const SERVICE = "test registry";
/** distribution 2.8 accepts a token for this long after its end. */
const REGISTRY_LEEWAY_SECONDS = 60;

/** What each user may do; a trailing slash allows a whole namespace. */
export type Rights = Readonly<
  Record<string, { readonly password: string; readonly rights: Readonly<Record<string, readonly string[]>> }>
>;

/** A token server as distribution specifies it, by GET and by POST, signing with a key made for the occasion. */
export async function startTokenServer(
  folder: string,
  users: Rights,
  refreshTokens = new Map<string, string>(),
): Promise<TokenServer> {
  const keyFile = join(folder, "key.pem");
  const certFile = join(folder, "cert.pem");
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"].concat([
      "-subj",
      "/CN=token-server",
      "-keyout",
      keyFile,
      "-out",
      certFile,
    ]),
    { stdio: "ignore" },
  );
  const key = createPrivateKey(await readFile(keyFile));
  const certificate = new X509Certificate(await readFile(certFile));
  const state: { lifetimeSeconds: number | undefined } = { lifetimeSeconds: undefined };
  const log: TokenServerLog[] = [];

  const sign = (user: string, scopes: readonly string[]): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const lifetime =
      state.lifetimeSeconds === undefined ? 300 : state.lifetimeSeconds - REGISTRY_LEEWAY_SECONDS;
    const access = scopes.map((scope) => grant(scope, users[user]?.rights ?? users[""]?.rights ?? {}));
    return new SignJWT({ access: access.filter(({ actions }) => actions.length > 0) })
      .setProtectedHeader({ alg: "ES256", typ: "JWT", x5c: [certificate.raw.toString("base64")] })
      .setIssuer(ISSUER)
      .setSubject(user)
      .setAudience(SERVICE)
      .setIssuedAt(now)
      .setNotBefore(now - 300)
      .setExpirationTime(now + lifetime)
      .setJti(randomUUID())
      .sign(key);
  };

  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? "/", "http://localhost");
      const form = new URLSearchParams(await readText(request));
      const user =
        request.method === "POST"
          ? refreshTokens.get(form.get("refresh_token") ?? "")
          : basicUser(request, users);
      const scopes =
        request.method === "POST"
          ? (form.get("scope") ?? "").split(" ").filter(Boolean)
          : url.searchParams.getAll("scope");
      log.push({ method: request.method ?? "", user: user ?? "?", scopes });
      if (user === undefined) {
        response.writeHead(401, { "content-type": "application/json" });
        response.end(JSON.stringify({ details: "incorrect username or password" }));
        return;
      }
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ access_token: await sign(user, scopes), expires_in: 300 }));
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const realm = `http://127.0.0.1:${address.port}/token`;
  return Object.assign(state, {
    realm,
    log,
    registryAuth: () => ({ token: { realm, service: SERVICE, issuer: ISSUER, rootcertbundle: certFile } }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}

/** Anonymous where nothing was said, undefined for a wrong password. */
function basicUser(request: IncomingMessage, users: Rights): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return "";
  const pair = Buffer.from(header.replace("Basic ", ""), "base64").toString();
  const colon = pair.indexOf(":");
  const user = pair.slice(0, colon);
  return users[user]?.password === pair.slice(colon + 1) ? user : undefined;
}

function grant(
  scope: string,
  rights: Readonly<Record<string, readonly string[]>>,
): { type: string; name: string; actions: string[] } {
  const [type = "", name = "", actions = ""] = scope.split(":");
  const allowed =
    Object.entries(rights).find(([key]) => (key.endsWith("/") ? name.startsWith(key) : name === key))?.[1] ??
    [];
  return { type, name, actions: actions.split(",").filter((action) => allowed.includes(action)) };
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}
