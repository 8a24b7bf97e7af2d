import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tryFileLock, withFileLock } from "../src/file-lock.ts";
import { child } from "./child.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lock-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("a file lock", () => {
  it("lets one task at a time in, in the order they came", async () => {
    const path = join(dir, "lock");
    const order: string[] = [];
    await Promise.all(
      [1, 2, 3, 4].map((n) =>
        withFileLock(path, async () => {
          order.push(`in ${n}`);
          await new Promise((resolve) => setTimeout(resolve, 5));
          order.push(`out ${n}`);
        }),
      ),
    );
    expect(order).toEqual([1, 2, 3, 4].flatMap((n) => [`in ${n}`, `out ${n}`]));
  });

  it("is free again after a task that failed", async () => {
    const path = join(dir, "lock");
    await expect(withFileLock(path, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await withFileLock(path, async () => "yes")).toBe("yes");
  });

  it("stays with a holder that stands still, and dies with it", async () => {
    const path = join(dir, "lock");
    const holder = child(new URL("./children/hold-lock.ts", import.meta.url), [path]);
    expect(await holder.firstLine).toBe("held");
    expect(await tryFileLock(path)).toBeUndefined();
    // A process that is stopped beats no heart, and still has the lock.
    holder.process.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await tryFileLock(path)).toBeUndefined();
    const waiting = withFileLock(path, async () => "mine");
    holder.process.kill("SIGKILL");
    expect(await waiting).toBe("mine");
    expect((await holder.ended).signal).toBe("SIGKILL");
  });

  it("is not waited for after an abort, and the others in the queue do not notice", async () => {
    const path = join(dir, "lock");
    const lock = await tryFileLock(path);
    const controller = new AbortController();
    const first = withFileLock(path, async () => 1, { signal: controller.signal });
    const second = withFileLock(path, async () => 2, { signal: controller.signal });
    const third = withFileLock(path, async () => 3);
    controller.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    await expect(second).rejects.toThrow("enough");
    lock?.release();
    expect(await third).toBe(3);
  });

  it("opens nothing that somebody put in its place", async () => {
    await writeFile(join(dir, "full"), "SQLite format 3");
    await symlink(join(dir, "elsewhere"), join(dir, "link"));
    for (const name of ["full", "link"]) {
      await expect(tryFileLock(join(dir, name))).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    }
    await expect(tryFileLock(join(dir, "none", "lock"))).rejects.toMatchObject({ code: "STORAGE" });
  });
});
