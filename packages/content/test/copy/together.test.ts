import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { together } from "../../src/copy/together.ts";
import { copy, memoryStore, verify } from "../../src/index.ts";
import { pushPlatforms } from "../support/images.ts";
import { spy } from "../support/spy.ts";

test("the first failure stops the rest, and is the one that is told", async () => {
  const stopped: unknown[] = [];
  const failing = together(undefined, ({ signal }) =>
    Promise.all([
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          stopped.push(signal.reason);
          reject(new Error("stopped"));
        });
      }),
      Promise.reject(new Error("first")),
    ]),
  );
  await expect(failing).rejects.toThrow("first");
  expect(stopped).toEqual([new Error("first")]);
});

test("gives the caller's reason, before and during the work", async () => {
  const reason = new Error("enough");
  await expect(together(AbortSignal.abort(reason), async () => 1)).rejects.toBe(reason);
  const controller = new AbortController();
  const waiting = together(controller.signal, async ({ signal }) => {
    await sleep(10_000, undefined, { signal });
  });
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(await together(controller.signal, async () => 1).catch(() => "refused")).toBe("refused");
});

test("nothing goes on when finding out what to copy, or verifying, has failed", async () => {
  const inner = memoryStore();
  const platforms = Array.from({ length: 30 }, (_, i) => ({ os: "linux", architecture: `a${i}` }));
  await pushPlatforms(inner, platforms, "v1");
  for (const work of ["copy", "verify"] as const) {
    let fetches = 0;
    const source = spy(inner, {
      fetch: async (descriptor, options) => {
        fetches += 1;
        if (fetches === 5) throw new Error("broken");
        await sleep(1, undefined, { signal: options?.signal });
        return inner.fetch(descriptor, options);
      },
    });
    const options = { concurrency: 2 };
    const failing =
      work === "copy"
        ? copy(source.store, "v1", memoryStore(), "v1", options)
        : verify(source.store, "v1", options);
    await expect(failing).rejects.toThrow("broken");
    await sleep(30);
    expect(fetches).toBeLessThan(8);
  }
});
