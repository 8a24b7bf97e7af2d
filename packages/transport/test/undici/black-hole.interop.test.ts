import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasPrograms, run } from "../../../../.config/programs.ts";

const possible = hasPrograms("ip") && process.getuid?.() === 0;
const namespace = `reg-${randomUUID().slice(0, 8)}`;
const client = join(import.meta.dirname, "black-hole-client.ts");

describe.skipIf(!possible)("an IPv6 address that leads nowhere (needs root and ip)", () => {
  beforeAll(async () => {
    await run("ip", "netns", "add", namespace);
    await run("ip", "-n", namespace, "link", "set", "lo", "up");
    await run("ip", "-n", namespace, "link", "add", "hole", "type", "veth", "peer", "name", "end");
    // Nobody answers at the other end, not even to say so.
    await run("ip", "-n", namespace, "link", "set", "end", "up");
    await run("ip", "-n", namespace, "link", "set", "hole", "up");
    await run("ip", "-n", namespace, "-6", "addr", "add", "2001:db8::1/64", "dev", "hole", "nodad");
  });
  afterAll(() => run("ip", "netns", "del", namespace));

  async function ask(...lost: readonly string[]): Promise<{ status: number; milliseconds: number }> {
    const node = [process.execPath, "--conditions=@reg/source", client, ...lost];
    return JSON.parse(await run("ip", "netns", "exec", namespace, ...node));
  }

  it("costs under a second where there is no route", async () => {
    const { status, milliseconds } = await ask("2001:db8:ffff::1", "2001:db8:ffff::2");
    expect([status, milliseconds < 1_000]).toEqual([200, true]);
  });

  it("costs under three seconds where packets vanish", async () => {
    const { status, milliseconds } = await ask("2001:db8::2", "2001:db8::3", "2001:db8::4");
    expect([status, milliseconds < 3_000]).toEqual([200, true]);
    // It did wait for an answer, so the packets did vanish.
    expect(milliseconds).toBeGreaterThan(200);
  });
});
