import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createRegistry, memoryStorage, type RegistryListener, serve, tokenAccess } from "@reg/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeImage } from "./support/image.ts";
import { reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const SECRET = "canary-in-a-mine";
let scratch: ReturnType<typeof scratchFolder>;
let cwd: string;
let listener: RegistryListener;
let host: string;
let app: string;

/** Requests to the token endpoint so far. */
let tokenRequests = 0;

beforeEach(async () => {
  scratch = scratchFolder();
  cwd = scratch.path;
  tokenRequests = 0;
  const access = tokenAccess({ users: { ada: SECRET } });
  const counted: typeof access = {
    ...access,
    handle: async (request) => {
      const reply = await access.handle?.(request);
      if (reply !== undefined) tokenRequests += 1;
      return reply;
    },
  };
  listener = await serve(createRegistry({ storage: memoryStorage(), access: counted }));
  host = `localhost:${listener.port}`;
  app = `${host}/demo/app:1.0`;
  const login = await reg(["login", host, "-u", "ada", "--password-stdin"], { cwd, stdin: `${SECRET}\n` });
  expect(login.code).toBe(0);
  writeImage(join(cwd, "image"), "1.0");
  expect((await reg(["push", "-q", "oci:image:1.0", app], { cwd })).code).toBe(0);
  tokenRequests = 0;
});

afterEach(async () => {
  await listener.close();
  scratch[Symbol.dispose]();
});

describe("--token-cache", () => {
  test("keeps tokens between runs, in a file for its owner alone, and shows none", async () => {
    const words = ["tags", `${host}/demo/app`, "--debug", "--token-cache", "cache/tokens.json"];
    const runs = [await reg(words, { cwd }), await reg(words, { cwd })];
    expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, "1.0\n"],
      [0, "1.0\n"],
    ]);
    expect(tokenRequests).toBe(1);
    const file = join(cwd, "cache/tokens.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(cwd, "cache"))).toEqual(["tokens.json"]);
    const { tokens } = JSON.parse(readFileSync(file, "utf8"));
    const [held] = Object.values<{ token: string; origin: string }>(tokens);
    expect(held?.origin).toBe(`http://${host}`);
    for (const { stderr } of runs) {
      expect(stderr).toContain("/v2/demo/app/tags/list");
      expect(stderr).not.toContain(SECRET);
      expect(stderr).not.toContain(held?.token);
    }
  });

  test("is forgotten for the registry that one signs out of, and by REG_TOKEN_CACHE too", async () => {
    const env = { REG_TOKEN_CACHE: join(cwd, "tokens.json") };
    const before = await reg(["digest", app], { cwd, env });
    expect(before.code).toBe(0);
    expect(tokenRequests).toBe(1);
    const out = await reg(["logout", host, "--json"], { cwd, env });
    expect(JSON.parse(out.stdout)).toEqual({ registry: host, removed: true, tokens: 1 });
    expect(JSON.parse(readFileSync(join(cwd, "tokens.json"), "utf8"))).toEqual({ tokens: {} });
    expect((await reg(["digest", app], { cwd, env })).code).toBe(4);
    const again = await reg(["logout", host], { cwd, env });
    expect(again).toMatchObject({ code: 3, stderr: expect.stringContaining(`no credentials for ${host}`) });
  });

  test("does not let a token speak for a password that is to be kept", async () => {
    const env = { REG_TOKEN_CACHE: join(cwd, "tokens.json") };
    expect((await reg(["ping", host], { cwd, env })).code).toBe(0);
    const asked = tokenRequests;
    const login = ["login", host, "-u", "ada", "--password-stdin"];
    expect((await reg(login, { cwd, env, stdin: `${SECRET}\n` })).code).toBe(0);
    expect(tokenRequests).toBe(asked + 1);
  });

  test("that cannot be written is told once, and the command does its work", async () => {
    mkdirSync(join(cwd, "folder"));
    const { code, stdout, stderr } = await reg(["digest", app, "--token-cache", "folder"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sha256:/);
    expect(stderr).toMatch(/^tokens are not kept: folder could not be written \(E[A-Z]+\)\n$/);
  });
});
