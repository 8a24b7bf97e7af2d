import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { notApplicable, type Verdict } from "../case.ts";
import type { RunningServer, Server } from "./server.ts";
import type { ServerCase, ServerStage } from "./server-case.ts";
import { send, sendRaw } from "./wire.ts";

/** Plays one case with one server, and takes everything down again. */
export async function playServer(one: ServerCase, server: Server): Promise<Verdict> {
  const unable = (one.features ?? []).filter((feature) => !server.features.has(feature));
  if (unable.length > 0) return notApplicable(`${server.name} has no ${unable.join(", ")}`);
  const home = await mkdtemp(join(tmpdir(), "reg-faults-"));
  const folder = join(home, "server");
  const outside = join(home, "outside");
  await mkdir(folder);
  await mkdir(outside);
  const started: RunningServer[] = [];
  const stage: ServerStage = {
    name: `faults-${randomBytes(6).toString("hex")}`,
    outside,
    async start(setting = {}) {
      const running = await server.start({ ...setting, folder });
      started.push(running);
      const { url } = running;
      return {
        url,
        files: () => (existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : []),
        send: (...request) => send(url, ...request),
        sendRaw: (bytes) => sendRaw(url, bytes),
      };
    },
  };
  try {
    return await one.run(stage);
  } finally {
    for (const running of started) await running.close();
    await rm(home, { recursive: true, force: true });
  }
}
