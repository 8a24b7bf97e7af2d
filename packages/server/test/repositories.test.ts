import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@reg/content";
import { describe, expect, test } from "vitest";
import { basicAccess, folderStorage, memoryStorage, type RegistryStorage } from "../src/index.ts";
import { bytesOf, codeOf, inProcess, pushImage, type Send, temporaryFolder } from "./support.ts";

const describeIt = async (send: Send, name: string): Promise<unknown> =>
  (await send(`/acr/v1/${name}`)).json();

describe.each([
  ["in memory", async () => ({ storage: memoryStorage(), [Symbol.asyncDispose]: async () => {} })],
  [
    "in a folder",
    async () => {
      const folder = await temporaryFolder();
      return {
        storage: folderStorage(folder.path, { durable: false }),
        [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
      };
    },
  ],
] as const)("a repository %s", (_, open) => {
  test("tells how much there is of it, and is deleted with everything in it", async () => {
    await using place = await open();
    const { send } = inProcess({ storage: place.storage });
    const one = await pushImage(send, "demo/app", "1.0", "one");
    const two = await pushImage(send, "demo/app", "2.0", "two");
    expect(await describeIt(send, "demo/app")).toEqual({
      registry: "registry.test",
      imageName: "demo/app",
      manifestCount: 2,
      tagCount: 2,
      changeableAttributes: { deleteEnabled: true, writeEnabled: true, listEnabled: true, readEnabled: true },
    });
    const response = await send("/acr/v1/demo/app", { method: "DELETE" });
    expect(response.status).toBe(202);
    const told = await response.json();
    expect(told).toEqual({
      manifestsDeleted: expect.arrayContaining([one.digest, two.digest]),
      tagsDeleted: ["1.0", "2.0"],
    });
    for (const path of ["tags/list", "manifests/1.0", `manifests/${one.digest}`]) {
      expect((await send(`/v2/demo/app/${path}`)).status).toBe(404);
    }
    expect(await (await send("/v2/_catalog")).json()).toEqual({ repositories: [] });
    const again = await send("/acr/v1/demo/app", { method: "DELETE" });
    expect([again.status, await codeOf(again)]).toEqual([404, "NAME_UNKNOWN"]);
  });

  test("leaves its neighbours alone: those below it, and those that share its blobs", async () => {
    await using place = await open();
    const { send } = inProcess({ storage: place.storage });
    await pushImage(send, "demo", "1", "shared");
    await pushImage(send, "demo/blobs", "1", "shared");
    await pushImage(send, "demo/app", "1", "other");
    await send("/acr/v1/demo", { method: "DELETE" });
    expect(await (await send("/v2/_catalog")).json()).toEqual({ repositories: ["demo/app", "demo/blobs"] });
    const layer = digestOf(bytesOf("layer: shared"));
    expect((await send(`/v2/demo/blobs/blobs/${layer}`)).status).toBe(200);
  });

  test("is made anew by the next push, with nothing of what it was", async () => {
    await using place = await open();
    const { send } = inProcess({ storage: place.storage });
    const old = await pushImage(send, "demo/app", "1.0", "old");
    await send("/acr/v1/demo/app", { method: "DELETE" });
    const next = await pushImage(send, "demo/app", "2.0", "new");
    expect(await (await send("/v2/demo/app/tags/list")).json()).toEqual({ name: "demo/app", tags: ["2.0"] });
    expect((await send(`/v2/demo/app/manifests/${next.digest}`)).status).toBe(200);
    expect((await send(`/v2/demo/app/manifests/${old.digest}`)).status).toBe(404);
  });
});

describe("deleting a repository", () => {
  test("is 405 where deleting is switched off, where nothing may change, and where the storage cannot", async () => {
    const storage = memoryStorage();
    const { send: write } = inProcess({ storage });
    await pushImage(write, "a", "1", "x");
    const without: RegistryStorage = {
      ...storage,
      repository(name) {
        const repository = storage.repository(name);
        return new Proxy(repository, {
          get(target, member) {
            const value: unknown = member === "clear" ? undefined : Reflect.get(target, member, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      },
    };
    for (const options of [{ storage, deletes: false }, { storage, readOnly: true }, { storage: without }]) {
      const { send } = inProcess(options);
      const response = await send("/acr/v1/a", { method: "DELETE" });
      expect([response.status, await codeOf(response)]).toEqual([405, "UNSUPPORTED"]);
      expect(await describeIt(send, "a")).toMatchObject({ changeableAttributes: { deleteEnabled: false } });
    }
    expect((await write("/v2/a/manifests/1")).status).toBe(200);
  });

  test("takes who may delete in it", async () => {
    const storage = memoryStorage();
    await pushImage(inProcess({ storage }).send, "a", "1", "x");
    const { send } = inProcess({ storage, access: basicAccess({ users: { me: "secret" } }) });
    expect((await send("/acr/v1/a", { method: "DELETE" })).status).toBe(401);
    const headers = { authorization: `Basic ${btoa("me:secret")}` };
    expect((await send("/acr/v1/a", { method: "DELETE", headers })).status).toBe(202);
  });

  test("has no other methods, and nothing at names that are none", async () => {
    const { send } = inProcess();
    await pushImage(send, "a", "1", "x");
    expect((await send("/acr/v1/a", { method: "PUT" })).status).toBe(405);
    for (const path of ["", "_catalog", "a/_tags", "..%2fa", "a/../a/_manifests"]) {
      expect((await send(`/acr/v1/${path}`, { method: "DELETE" })).status).toBeGreaterThanOrEqual(400);
    }
    expect((await send("/v2/a/manifests/1")).status).toBe(200);
  });

  test("leaves of a folder what waits for its lock, and is no layout any more", async () => {
    await using folder = await temporaryFolder();
    const { send } = inProcess({ storage: folderStorage(folder.path, { durable: false }) });
    await pushImage(send, "demo/app", "1", "x");
    await send("/acr/v1/demo/app", { method: "DELETE" });
    expect(await readdir(join(folder.path, "demo/app"))).toEqual([".index.lock"]);
  });
});
