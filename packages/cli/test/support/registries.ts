import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { basicAccess, createRegistry, folderStorage, serve } from "@reg/server";
import { startDockerRegistry } from "../../../../.config/docker-registry.ts";
import { run } from "../../../../.config/programs.ts";

/** A registry that listens on a port of its own. */
export interface RunningRegistry {
  /** `localhost:PORT` */
  readonly host: string;
  close(): Promise<void>;
}

export const USER = "ada";
export const PASSWORD = "love:lace";

/** Debian's docker-registry (distribution 2.8), keeping its content in a folder; with htpasswd where asked for. */
export async function startDistribution(dir: string, guarded: boolean): Promise<RunningRegistry> {
  const auth = async (folder: string): Promise<object> => {
    const path = join(folder, "htpasswd");
    await writeFile(path, await run("htpasswd", "-nbB", USER, PASSWORD));
    return { htpasswd: { realm: "test", path } };
  };
  const registry = await startDockerRegistry({ dir, ...(guarded && { auth }) });
  return {
    host: registry.host.replace("127.0.0.1", "localhost"),
    close: async () => {
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** The embedded registry, keeping its content in a folder. */
export async function startEmbedded(dir: string, guarded: boolean): Promise<RunningRegistry> {
  const access = guarded ? { access: basicAccess({ users: { [USER]: PASSWORD } }) } : {};
  const listener = await serve(createRegistry({ storage: folderStorage(dir), ...access }));
  return { host: `localhost:${listener.port}`, close: () => listener.close() };
}
