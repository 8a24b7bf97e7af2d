import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCanary, tracesIn } from "./canary.ts";
import { type FaultCase, notApplicable, type Stage, type Verdict } from "./case.ts";
import type { Client, Outcome } from "./client.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { TEST_CA_FILE } from "./tls.ts";

/** Long enough for a client's own deadlines and retries, short enough for a run of the whole suite. */
const LIMIT_SECONDS = 60;

/** Plays one case with one client, and takes everything down again. */
export async function play(one: FaultCase, client: Client): Promise<Verdict> {
  const missing = one.verbs.filter((verb) => !client.verbs.has(verb));
  if (missing.length > 0) return notApplicable(`${client.name} has no ${missing.join(", ")}`);
  for (const need of one.needs ?? []) if (!available(need)) return notApplicable(`needs ${need}`);
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
    async signIn(host) {
      await mkdir(join(home, ".docker"), { recursive: true });
      const auth = Buffer.from(`${canary.username}:${canary.password}`).toString("base64");
      await writeFile(join(home, ".docker/config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
    },
    async act(operation) {
      const tls = origins.some(({ url }) => url.startsWith("https:"));
      const timeoutMs = (one.limitSeconds ?? LIMIT_SECONDS) * 1000;
      const setting = { home, timeoutMs, plainHttp: !tls, ...(tls && { caFile: TEST_CA_FILE }) };
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

function available(need: "root" | "linux"): boolean {
  if (need === "root") return process.getuid?.() === 0;
  return process.platform === "linux";
}
