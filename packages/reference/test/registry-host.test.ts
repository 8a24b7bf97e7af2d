import { expect, it } from "vitest";
import { credentialKey, registryHost } from "../src/registry-host.ts";

it("knows Docker Hub by its one name, and every other registry by its own", () => {
  expect(registryHost({ domain: "docker.io" })).toBe("registry-1.docker.io");
  expect(credentialKey({ domain: "docker.io" })).toBe("https://index.docker.io/v1/");
  for (const domain of ["localhost:5000", "registry-1.docker.io", "docker.io:443", "GHCR.io"]) {
    expect(registryHost({ domain })).toBe(domain);
    expect(credentialKey({ domain })).toBe(domain);
  }
});
