import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { optionsFromEnvironment, parseReference } from "../src/index.ts";

test("an empty environment asks for nothing", () => {
  expect(optionsFromEnvironment({ REG_DEBUG: "", REG_DEFAULT_TAG: "" })).toEqual({
    reference: {},
    client: {},
    debug: false,
  });
});

test("each variable is the option it names", () => {
  const folder = mkdtempSync(join(tmpdir(), "reg-sdk-"));
  const authorities = join(folder, "ca.pem");
  writeFileSync(authorities, "-----BEGIN CERTIFICATE-----\n");
  const options = optionsFromEnvironment({
    REG_DEFAULT_REGISTRY: "registry.example",
    REG_DEFAULT_NAMESPACE: "team",
    REG_DEFAULT_TAG: "stable",
    REG_DEFAULT_PROTOCOL: "http",
    REG_CREDENTIALS_STORE: "/home/ada/auth.json",
    REG_TOKEN_CACHE: "/home/ada/tokens.json",
    REG_CACERTS: authorities,
    REG_CHUNK_SIZE: "1048576",
    REG_DEBUG: "1",
  });
  rmSync(folder, { recursive: true });
  expect(options).toEqual({
    reference: { defaultDomain: "registry.example", defaultNamespace: "team", defaultTag: "stable" },
    client: { plainHttp: true, ca: "-----BEGIN CERTIFICATE-----\n" },
    credentialsFile: "/home/ada/auth.json",
    tokenCacheFile: "/home/ada/tokens.json",
    chunkBytes: 1_048_576,
    debug: true,
  });
  expect(parseReference("app", options.reference).toString()).toBe("registry.example/team/app:stable");
});

test("https is what happens anyway: loopback keeps its plain http", () => {
  expect(optionsFromEnvironment({ REG_DEFAULT_PROTOCOL: "https" }).client).toEqual({});
});

test.each([
  [{ REG_DEFAULT_PROTOCOL: "ftp" }, "REG_DEFAULT_PROTOCOL"],
  [{ REG_CHUNK_SIZE: "1 MB" }, "REG_CHUNK_SIZE"],
  [{ REG_CHUNK_SIZE: "0" }, "REG_CHUNK_SIZE"],
  [{ REG_CACERTS: "/nonexistent/ca.pem" }, "REG_CACERTS"],
])("%o is refused by name", (environment, name) => {
  expect(() => optionsFromEnvironment(environment)).toThrow(
    expect.objectContaining({ code: "CONFIG", message: expect.stringContaining(name) }),
  );
});

test.each(["0", "false", "off", "No"])("REG_DEBUG=%s is off", (value) => {
  expect(optionsFromEnvironment({ REG_DEBUG: value }).debug).toBe(false);
});
