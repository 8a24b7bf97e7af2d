import { execFileSync, spawn, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AccessControl, createRegistry, memoryStorage, serve } from "@reg/server";
import { jwtVerify } from "jose";
import { type SsoOptions, type SsoServer, startSsoServer } from "./sso-server.ts";

/** A registry that takes the sign-on's tokens and nothing else, and the sign-on itself. */
export interface CompanyRegistry extends AsyncDisposable {
  /** `127.0.0.1:5000` */
  readonly host: string;
  /** Which registry this is, for people. */
  readonly kind: "distribution" | "embedded";
  readonly sso: SsoServer;
}

/** distribution 2.8 takes a token for this long after its end. */
const DISTRIBUTION_LEEWAY_SECONDS = 60;

/** The CNCF distribution registry in token mode where it is installed, and the embedded registry elsewhere. */
export async function startCompanyRegistry(
  options: Pick<SsoOptions, "clients" | "lifetimeSeconds">,
  kind: CompanyRegistry["kind"] = isInstalled("docker-registry", "openssl") ? "distribution" : "embedded",
): Promise<CompanyRegistry> {
  return kind === "distribution" ? startDistribution(options) : startEmbedded(options);
}

export function isInstalled(...programs: readonly string[]): boolean {
  return programs.every((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0);
}

async function startEmbedded(
  options: Pick<SsoOptions, "clients" | "lifetimeSeconds">,
): Promise<CompanyRegistry> {
  const sso = await startSsoServer(options);
  const registry = createRegistry({ storage: memoryStorage(), access: ssoAccess(sso) });
  const listener = await serve(registry);
  return {
    host: `127.0.0.1:${listener.port}`,
    kind: "embedded",
    sso,
    async [Symbol.asyncDispose]() {
      await listener.close();
      await sso[Symbol.asyncDispose]();
    },
  };
}

/** Lets in whoever has a token of the sign-on, for what the token says. */
function ssoAccess(sso: SsoServer): AccessControl {
  const challenge = `Bearer realm="${sso.issuer}/registry/token",service="${sso.audience}"`;
  return {
    async judge(request, needs) {
      const token = (request.header("authorization") ?? "").replace(/^Bearer /i, "");
      try {
        const { payload } = await jwtVerify(token, sso.publicKey, {
          issuer: sso.issuer,
          audience: sso.audience,
        });
        const granted = (payload["access"] ?? []) as { type: string; name: string; actions: string[] }[];
        const may = (access: (typeof needs)[number]): boolean =>
          granted.some(
            ({ type, name, actions }) =>
              type === access.type && name === access.name && actions.includes(access.action),
          );
        if (needs.every(may)) return { kind: "allowed", may };
      } catch {
        // No token, or one that has ended: the same answer.
      }
      const scope = needs.map(({ type, name, action }) => `${type}:${name}:${action}`).join(" ");
      return { kind: "challenge", challenges: [scope === "" ? challenge : `${challenge},scope="${scope}"`] };
    },
  };
}

async function startDistribution(
  options: Pick<SsoOptions, "clients" | "lifetimeSeconds">,
): Promise<CompanyRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "reg-custom-sso-"));
  const key = await makeKey(folder);
  const sso = await startSsoServer({ ...options, key, leewaySeconds: DISTRIBUTION_LEEWAY_SECONDS });
  const port = await freePort();
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: `127.0.0.1:${port}`, secret: "example" },
    auth: {
      token: {
        realm: `${sso.issuer}/registry/token`,
        service: sso.audience,
        issuer: sso.issuer,
        rootcertbundle: join(folder, "cert.pem"),
      },
    },
  };
  // JSON is YAML.
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  const child = spawn("docker-registry", ["serve", join(folder, "config.yml")], { stdio: "ignore" });
  await waitFor(`http://127.0.0.1:${port}/v2/`, () => child.exitCode !== null);
  return {
    host: `127.0.0.1:${port}`,
    kind: "distribution",
    sso,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      if (child.exitCode === null) {
        child.kill("SIGKILL");
        await ended;
      }
      await sso[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A key, and the certificate by which the registry knows it. */
async function makeKey(folder: string): Promise<{ readonly pem: string; readonly certificate: string }> {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const files = ["-subj", "/CN=sso.company.example", "-keyout", key, "-out", certificate];
  execFileSync("openssl", ["req", "-x509", ...curve, ...files], { stdio: "ignore" });
  const { raw } = new X509Certificate(await readFile(certificate));
  return { pem: await readFile(key, "utf8"), certificate: raw.toString("base64") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

async function waitFor(url: string, ended: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500 && !ended(); attempt += 1) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("docker-registry did not start");
}
