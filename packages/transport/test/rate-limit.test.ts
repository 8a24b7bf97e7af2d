import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRateLimit, responseHeaders } from "../src/index.ts";

describe("parseRateLimit", () => {
  it.each([
    [
      [
        ["ratelimit-limit", "100;w=21600"],
        ["ratelimit-remaining", "97;w=21600"],
        ["docker-ratelimit-source", "192.0.2.1"],
      ],
      { limit: 100, remaining: 97, windowSeconds: 21_600, source: "192.0.2.1" },
    ],
    [[["RateLimit", "limit=100, remaining=50, reset=5"]], { limit: 100, remaining: 50, resetSeconds: 5 }],
    [
      [
        ["RateLimit", '"default";r=50;t=30'],
        ["RateLimit-Policy", '"default";q=100;w=60'],
      ],
      { limit: 100, remaining: 50, windowSeconds: 60, resetSeconds: 30 },
    ],
    [
      [
        ["X-RateLimit-Limit", "60"],
        ["X-RateLimit-Remaining", "0"],
        ["X-RateLimit-Reset", "1700000060"],
      ],
      { limit: 60, remaining: 0, resetSeconds: 60 },
    ],
    [
      [
        ["ratelimit-limit", ""],
        ["ratelimit-remaining", "-1"],
      ],
      undefined,
    ],
    [[["ratelimit-limit", "1e9"]], undefined],
    [[], undefined],
  ] as const)("reads %j", (fields, expected) => {
    expect(parseRateLimit(responseHeaders(fields), 1_700_000_000_000)).toEqual(expected);
  });

  it("takes any text", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (limit, policy) => {
        const found = parseRateLimit(
          responseHeaders([
            ["ratelimit-limit", limit],
            ["ratelimit-policy", policy],
          ]),
        );
        for (const value of Object.values(found ?? {})) expect(Number.isSafeInteger(value)).toBe(true);
      }),
    );
  });
});
