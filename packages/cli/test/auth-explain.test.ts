import { join } from "node:path";
import { createRegistry, memoryStorage, type RegistryListener, serve, tokenAccess } from "@reg/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeImage } from "./support/image.ts";
import { reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const SECRET = "canary-in-a-mine";
const USERS = { ada: SECRET };
const scratch = scratchFolder();
const cwd = scratch.path;
let listener: RegistryListener;
let host: string;
let app: string;

beforeAll(async () => {
  const access = tokenAccess({ users: USERS, service: "the registry" });
  listener = await serve(createRegistry({ storage: memoryStorage(), access }), {
    hosts: ["localhost", "auth.test"],
  });
  host = `localhost:${listener.port}`;
  app = `${host}/demo/app:1.0`;
  const login = ["login", host, "--username", "ada", "--password-stdin"];
  expect((await reg(login, { cwd, stdin: `${SECRET}\n` })).code).toBe(0);
  writeImage(join(cwd, "image"), "1.0");
  const pushed = await reg(["push", "-q", "oci:image:1.0", app], { cwd });
  expect(pushed).toMatchObject({ code: 0, stderr: "" });
});

afterAll(async () => {
  await listener.close();
  scratch[Symbol.dispose]();
});

describe("auth explain", () => {
  test("tells stores, challenge, token request and answer, and never the secret", async () => {
    const { code, stdout, stderr } = await reg(["auth", "explain", app, "--push", "--json"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toContain(SECRET);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({
      registry: host,
      repository: "demo/app",
      scopes: ["repository:demo/app:pull,push"],
      credential: { type: "password", username: "ada" },
      status: 200,
      allowed: true,
    });
    expect(answer.events).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: "lookup", key: host, username: "ada" }),
        expect.objectContaining({
          kind: "challenge",
          challenges: [expect.objectContaining({ scheme: "bearer" })],
        }),
        expect.objectContaining({
          kind: "token-request",
          realm: expect.stringContaining(`http://${host}/token`),
          service: "the registry",
        }),
        expect.objectContaining({ kind: "token", lifetimeSeconds: 300 }),
      ]),
    );
  });

  test("tells people the same, a line for each step", async () => {
    const { stdout } = await reg(["auth", "explain", app], { cwd });
    expect(stdout).toMatch(/of ada/);
    expect(stdout).toMatch(/the registry answers 200/);
    expect(stdout).not.toContain(SECRET);
  });

  test("says why a refusal is one, with exit code 4", async () => {
    const words = ["auth", "explain", app, "--username", "ada", "--password-stdin"];
    const wrong = await reg(words, { cwd, stdin: "wrong-canary\n" });
    expect(wrong).toMatchObject({ code: 4, stdout: expect.stringMatching(/refused|denied|401/i) });
    expect(wrong.stdout + wrong.stderr).not.toContain("wrong-canary");
    const nobody = await reg(["auth", "explain", app], { cwd, env: { HOME: "/nonexistent" } });
    expect(nobody).toMatchObject({ code: 4, stdout: expect.stringMatching(/anonymous/i) });
  });

  test("a token server elsewhere gets no password, unless --realm says so", async () => {
    const realm = `http://auth.test:${listener.port}/token`;
    const access = tokenAccess({ users: USERS, realm, service: "the registry" });
    await using elsewhere = await serve(createRegistry({ storage: memoryStorage(), access }));
    const there = `localhost:${elsewhere.port}`;
    const pin = ["--resolve", `auth.test:${listener.port}:127.0.0.1`];
    const words = ["auth", "explain", `${there}/demo/app`, "--username", "ada", "--password-stdin", ...pin];
    // The token server is not on loopback by its name: that it is not encrypted is allowed separately.
    const plain = ["--plain-http", "--insecure"];
    const refused = await reg([...words, ...plain], { cwd, stdin: SECRET });
    expect(refused).toMatchObject({ code: 4, stdout: expect.stringMatching(/POLICY_REFUSED.*realms/) });
    expect(refused.stdout).toContain("--realm HOST=URL");
    const realms = ["--realm", `${there}=${realm}`];
    const unencrypted = await reg([...words, ...realms], { cwd, stdin: SECRET });
    expect(unencrypted).toMatchObject({ code: 4, stdout: expect.stringMatching(/plain http.*--insecure/s) });
    const allowed = await reg([...words, ...plain, ...realms], { cwd, stdin: SECRET });
    expect(allowed.stdout).toMatch(/got a token/);
  });
});
