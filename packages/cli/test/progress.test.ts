import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeImage } from "./support/image.ts";
import { cleanEnvironment, REG_COMMAND, reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const scratch = scratchFolder();
const cwd = scratch.path;
let listener: RegistryListener;
let slow: RegistryListener;
let ref: string;

beforeAll(async () => {
  const storage = memoryStorage();
  listener = await serve(createRegistry({ storage }));
  // The second layer never comes, so that there is time to interrupt.
  const faults = [{ kind: "delay", delayMs: 60_000, method: "GET", path: "/blobs/", after: 1 }] as const;
  slow = await serve(createRegistry({ storage, faults }));
  ref = `localhost:${listener.port}/demo/app:1.0`;
  writeImage(join(cwd, "image"), "1.0", [Buffer.alloc(500_000, "a"), Buffer.alloc(500_000, "b")]);
  expect((await reg(["push", "-q", "oci:image:1.0", ref], { cwd })).code).toBe(0);
});

afterAll(async () => {
  await slow.close();
  await listener.close();
  scratch[Symbol.dispose]();
});

describe("progress", () => {
  test("is lines where there is no terminal, on standard error alone", async () => {
    const { stdout, stderr } = await reg(["pull", ref, "oci:lines"], { cwd });
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/^planned 4 pieces, \d/);
    expect(stderr.match(/^done /gm)).toHaveLength(4);
    expect(stderr).toContain("tagged 1.0 sha256:");
    expect(stderr).not.toContain("\u001b");
  });

  test("is a JSON object a line with --progress json", async () => {
    const { stderr } = await reg(["pull", ref, "oci:json", "--json", "--progress", "json"], { cwd });
    const events = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ type: "planned", nodes: 4 });
    expect(events.filter(({ type }) => type === "done")).toHaveLength(4);
    expect(events.at(-1)).toMatchObject({ type: "tagged", ref: "1.0" });
  });

  test("is nothing with --progress none, with -q and with --json", async () => {
    for (const words of [["-q"], ["--json"], ["--progress", "none", "-q"]]) {
      const { stderr } = await reg(["pull", ref, `oci:none${words.length}`, ...words], { cwd });
      expect(stderr).toBe("");
    }
  });
});

describe("Ctrl-C", () => {
  function start(words: readonly string[]) {
    const [node = "", ...before] = REG_COMMAND;
    const child = spawn(node, [...before, ...words], { cwd, env: cleanEnvironment(cwd) });
    let stderr = "";
    const seen = (text: string): Promise<void> =>
      new Promise((resolve) => {
        child.stderr.on("data", (chunk) => {
          stderr += chunk;
          if (stderr.includes(text)) resolve();
        });
      });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    return { child, seen, ended, stderr: () => stderr };
  }

  test("stops cleanly, says how to go on, and the same line goes on where this one stopped", async () => {
    const target = ["oci:interrupted", "--concurrency", "1"];
    const { child, seen, ended, stderr } = start(["pull", `localhost:${slow.port}/demo/app:1.0`, ...target]);
    await seen("done ");
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(stderr()).toContain("stopping; Ctrl-C again stops at once");
    expect(stderr()).toMatch(/reg: interrupted; the same line goes on where this one stopped\n$/);
    const names = readdirSync(join(cwd, "interrupted/blobs/sha256"));
    expect(names.length).toBeGreaterThan(0);
    const { stdout } = await reg(["pull", ref, "oci:interrupted", "--json"], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ skipped: names.length });
  });

  test("at SIGTERM the exit code is 143, and a file that was begun is gone", async () => {
    const { stdout } = await reg(["manifest", ref], { cwd });
    const { digest } = JSON.parse(stdout).layers[1];
    const words = ["blob", "get", `localhost:${slow.port}/demo/app@${digest}`, "-o", "layer.bin", "--debug"];
    // Of this server all blobs but the first are late.
    const { child, seen, ended } = start(words);
    await seen("GET http");
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
    expect(existsSync(join(cwd, "layer.bin"))).toBe(false);
    expect(readdirSync(cwd).filter((name) => name.includes("layer.bin"))).toEqual([]);
  });

  test("the second time ends at once, whatever is still going on", async () => {
    const { child, ended, stderr } = start(["serve", "--addr", "127.0.0.1:0", "--json"]);
    const line = await new Promise<string>((resolve) =>
      child.stdout.once("data", (data) => resolve(String(data))),
    );
    const { url, port } = JSON.parse(line);
    // An upload that never ends keeps a server that wants to stop cleanly from doing so for a while.
    const started = await fetch(`${url}/v2/demo/app/blobs/uploads/`, { method: "POST" });
    const { pathname } = new URL(started.headers.get("location") ?? "", url);
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`PATCH ${pathname} HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: 1000\r\n\r\nx`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(child.exitCode, stderr()).toBe(null);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    socket.destroy();
  });

  test("ends a server with exit code 0", async () => {
    const { child, ended } = start(["serve", "--addr", "127.0.0.1:0"]);
    await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    child.kill("SIGINT");
    expect(await ended).toBe(0);
  });
});
