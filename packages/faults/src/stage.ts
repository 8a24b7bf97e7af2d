import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCanary, tracesIn } from "./canary.ts";
import { type FaultCase, type Need, notApplicable, type Stage, type Verdict } from "./case.ts";
import type { Client, Outcome } from "./client.ts";
import { insideNamespace, playInNamespace } from "./namespace.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { TEST_CA_FILE, TEST_CERTIFICATE_FILE, TEST_KEY_FILE } from "./tls.ts";

/** Long enough for a client's own deadlines and retries, short enough for a run of the whole suite. */
const LIMIT_SECONDS = 60;

/** Plays one case with one client, and takes everything down again. */
export async function play(one: FaultCase, client: Client): Promise<Verdict> {
  const missing = one.verbs.filter((verb) => !client.verbs.has(verb));
  if (missing.length > 0) return notApplicable(`${client.name} has no ${missing.join(", ")}`);
  const unable = (one.features ?? []).filter((feature) => client.features?.has(feature) !== true);
  if (unable.length > 0) return notApplicable(`${client.name} cannot be told: ${unable.join(", ")}`);
  for (const need of one.needs ?? []) if (!available(need)) return notApplicable(`needs ${need}`);
  if (one.needs?.includes("network-namespace") === true && !insideNamespace())
    return playInNamespace(one, client);
  const home = await mkdtemp(join(tmpdir(), "reg-faults-"));
  const origins: Origin[] = [];
  const outcomes: Outcome[] = [];
  const canary = makeCanary();
  const folder = join(home, "case");
  await mkdir(folder);
  const stage: Stage = {
    canary,
    folder,
    async origin(script, options) {
      const origin = await startOrigin(script, options);
      origins.push(origin);
      return origin;
    },
    signIn(host) {
      const auth = Buffer.from(`${canary.username}:${canary.password}`).toString("base64");
      return this.configure({ auths: { [host]: { auth } } });
    },
    async configure(document, where = home) {
      await mkdir(join(where, ".docker"), { recursive: true });
      const text = typeof document === "string" ? document : JSON.stringify(document);
      await writeFile(join(where, ".docker/config.json"), text);
    },
    async helper(name, script) {
      await mkdir(join(home, "bin"), { recursive: true });
      const program = join(home, "bin", `docker-credential-${name}`);
      await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    },
    async clientCertificate() {
      const certificates = await mkdtemp(join(home, "certificates-"));
      await copyFile(TEST_CERTIFICATE_FILE, join(certificates, "client.cert"));
      await copyFile(TEST_KEY_FILE, join(certificates, "client.key"));
      await copyFile(TEST_CA_FILE, join(certificates, "ca.crt"));
      return { folder: certificates };
    },
    newHome: () => mkdtemp(join(home, "home-")),
    async act(operation, extras = {}) {
      const tls = origins.some(({ url }) => url.startsWith("https:"));
      const timeoutMs = (one.limitSeconds ?? LIMIT_SECONDS) * 1000;
      const setting = { home, timeoutMs, plainHttp: !tls, ...(tls && { caFile: TEST_CA_FILE }), ...extras };
      const outcome = await client.run(operation, setting);
      outcomes.push(outcome);
      return outcome;
    },
    leaks({ allowed }) {
      const found = origins
        .filter((origin) => !allowed.includes(origin) && tracesIn(canary, origin.received()).length > 0)
        .map(({ url }) => `the secret was sent to ${url}`);
      if (outcomes.some(({ output }) => tracesIn(canary, output).length > 0))
        found.push("the secret was printed");
      return found;
    },
  };
  try {
    return await one.run(stage);
  } finally {
    for (const origin of origins) await origin.close();
    await rm(home, { recursive: true, force: true });
  }
}

function available(need: Need): boolean {
  if (need === "linux") return process.platform === "linux";
  return process.getuid?.() === 0 && (need === "root" || process.platform === "linux");
}
