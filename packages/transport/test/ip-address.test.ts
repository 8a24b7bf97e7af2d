import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLoopbackHost, isPrivateAddress, isPrivateHost } from "../src/index.ts";
import { parseIpAddress } from "../src/ip-address.ts";

describe("isPrivateAddress", () => {
  it.each([
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::",
    "::1",
    "[::1]",
    "fe80::1%eth0",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "2002:7f00:1::",
    "ff02::1",
    "::127.0.0.1",
  ])("holds of %s", (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each([
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "registry.example",
    "",
  ])("does not hold of %s", (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

describe("isLoopbackHost", () => {
  it.each(["localhost", "LOCALHOST.", "a.localhost", "127.1.2.3", "[::1]", "::ffff:127.0.0.1"])(
    "holds of %s",
    (host) => {
      expect([isLoopbackHost(host), isPrivateHost(host)]).toEqual([true, true]);
    },
  );

  it.each(["localhost.example", "notlocalhost", "128.0.0.1", "10.0.0.1", "[::2]"])(
    "does not hold of %s",
    (host) => {
      expect(isLoopbackHost(host)).toBe(false);
    },
  );
});

describe("parseIpAddress", () => {
  it("takes what Node takes for an address, and nothing else", () => {
    const texts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.stringMatching(/^[0-9a-f:.]{0,45}$/));
    fc.assert(
      fc.property(texts, (text) => {
        const size = parseIpAddress(text)?.length ?? 0;
        if (!/[%[\]]/.test(text)) expect(size).toBe({ 0: 0, 4: 4, 6: 16 }[isIP(text)]);
      }),
      { numRuns: 2_000 },
    );
  });
});
