import type { Server } from "./server.ts";

/** This project's own server, in this very process; undefined where the package is not installed. */
export async function embeddedServer(): Promise<Server | undefined> {
  const server = await import("@reg/server").catch(() => undefined);
  if (server === undefined) return undefined;
  return {
    name: "@reg/server",
    version: "in process",
    features: new Set(["users", "no-deletes", "upload-limits", "folder", "loopback"]),
    start: ({ folder, inMemory = false, users, deletes = true, uploads }) => {
      const owners = new Map(users?.map(({ username, owns }) => [username, owns]));
      const access =
        users === undefined
          ? undefined
          : server.basicAccess({
              users: Object.fromEntries(users.map(({ username, password }) => [username, password])),
              allow: (user, { type, name }) =>
                user !== undefined && type === "repository" && name.startsWith(`${owners.get(user)}/`),
            });
      const registry = server.createRegistry({
        storage: inMemory ? server.memoryStorage() : server.folderStorage(folder, { durable: false }),
        deletes,
        ...(access !== undefined && { access }),
        ...(uploads !== undefined && { limits: { uploads: uploads.most, uploadIdleMs: uploads.idleMs } }),
      });
      return server.serve(registry);
    },
  };
}
