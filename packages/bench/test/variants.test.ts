import { expect, test } from "vitest";
import type { Peer } from "../src/network/peers.ts";
import { raised } from "../src/network/raised.ts";
import { synced, unsynced } from "../src/network/synced.ts";

function peer(name: string): Peer {
  return {
    name,
    role: "peer",
    version: "1",
    ask: [name, "version"],
    pull: ({ reference, folder }) => [name, "pull", "--host", "reg=x", reference, folder],
    push: (folder, to) => [name, "push", "--host", "reg=x", folder, to],
    copy: (from, to) => [name, "copy", from, to],
  };
}

test("oras takes its concurrency as an option of every command", () => {
  const { name, role, push } = raised(peer("oras")) ?? expect.unreachable();
  expect([name, role]).toEqual(["oras --concurrency 24", "raised"]);
  expect(push?.("dir", "host:1/a:1").slice(-2)).toEqual(["--concurrency", "24"]);
});

test("crane takes it for copies alone: nothing is claimed of its pulls and pushes", () => {
  const { copy, pull, push } = raised(peer("crane")) ?? expect.unreachable();
  expect(copy?.("a", "b")).toEqual(["crane", "copy", "a", "b", "--jobs", "24"]);
  expect([pull, push]).toEqual([undefined, undefined]);
});

test("regctl takes it from its configuration, for each registry named", () => {
  const { copy, push } = raised(peer("regctl")) ?? expect.unreachable();
  const [, , , , config = "", ...command] = copy?.("a:1/x:1", "b:2/y:1") ?? [];
  expect(JSON.parse(config)).toEqual({
    version: 1,
    hosts: {
      "a:1": { tls: "disabled", hostname: "a:1", reqConcurrent: 24 },
      "b:2": { tls: "disabled", hostname: "b:2", reqConcurrent: 24 },
    },
  });
  expect(command).toEqual(["regctl", "copy", "a:1/x:1", "b:2/y:1"]);
  expect(push?.("dir", "a:1/x:1").slice(5)).toEqual(["regctl", "push", "dir", "a:1/x:1"]);
});

test("what is not known to have such an option is not raised", () => {
  expect(raised(peer("other"))).toBeUndefined();
});

test("a pull is synced within the command that is measured, and only where the pull succeeded", () => {
  const { name, role, pull, push } = synced(peer("crane")) ?? expect.unreachable();
  expect([name, role, push]).toEqual(["crane + sync", "synced", undefined]);
  const command = pull?.({ reference: "a:1/x:1", folder: "target", tls: false, blobs: [] }) ?? [];
  expect(command.slice(0, 2)).toEqual(["bash", "-c"]);
  expect(command[2]).toMatch(/"\$@" && sync -f/);
  expect(command.slice(4)).toEqual(["target", "crane", "pull", "--host", "reg=x", "a:1/x:1", "target"]);
});

test("we leave the disk to the system where a peer does", () => {
  const { name, role, pull, push } = unsynced(peer("reg"));
  expect([name, role, push]).toEqual(["reg --no-sync", "unsynced", undefined]);
  const command = pull?.({ reference: "a:1/x:1", folder: "target", tls: false, blobs: [] }) ?? [];
  expect(command.at(-1)).toBe("--no-sync");
});
