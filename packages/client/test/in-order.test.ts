import { digestOf, MEDIA_TYPES } from "@reg/content";
import { describe, expect, it } from "vitest";
import { inOrder } from "../src/in-order.ts";
import { collect, scriptedRegistry, testClient } from "./support/scripted-registry.ts";

describe("inOrder", () => {
  it("keeps so many in flight and no more, and gives the results in the order of the items", async () => {
    let running = 0;
    let most = 0;
    const items = Array.from({ length: 30 }, (_, i) => i);
    const results = await collect(
      inOrder(items, 4, async (item) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, (item * 7) % 5));
        running -= 1;
        return item * 2;
      }),
    );
    expect(results).toEqual(items.map((item) => item * 2));
    expect(most).toBe(4);
  });

  it("begins nothing more once nobody takes the results", async () => {
    let begun = 0;
    for await (const first of inOrder([1, 2, 3, 4, 5, 6, 7, 8], 2, async (item) => {
      begun += 1;
      return item;
    })) {
      expect(first).toBe(1);
      break;
    }
    expect(begun).toBe(2);
  });

  it("fails at the item that failed, after those before it", async () => {
    const seen: number[] = [];
    const all = async (): Promise<void> => {
      for await (const item of inOrder([1, 2, 3], 3, async (value) => {
        if (value === 2) throw new Error("two");
        return value;
      })) {
        seen.push(item);
      }
    };
    await expect(all()).rejects.toThrow("two");
    expect(seen).toEqual([1]);
  });
});

describe("tags with their details", () => {
  it("cost a HEAD each, and one that cannot be read does not keep the others back", async () => {
    const digest = digestOf(new TextEncoder().encode("x"));
    const headers = {
      "content-type": MEDIA_TYPES.ociManifest,
      "content-length": "10",
      "docker-content-digest": digest,
    };
    await using registry = await scriptedRegistry({
      "GET /v2/demo/tags/list": { status: 200, body: '{"tags":["a","gone","z"]}' },
      "HEAD /v2/demo/manifests/a": { status: 200, headers },
      "HEAD /v2/demo/manifests/z": { status: 200, headers },
    });
    const client = testClient();
    client.capabilities.set(registry.host, "headManifest", true);
    const details = await collect(client.tags.details(`${registry.host}/demo`, { concurrency: 1 }));
    expect(details).toMatchObject([
      { tag: "a", descriptor: { digest, size: 10 } },
      { tag: "gone", error: { code: "NOT_FOUND" } },
      { tag: "z", descriptor: { digest, size: 10 } },
    ]);
    expect(registry.requests).toHaveLength(4);
  });
});
