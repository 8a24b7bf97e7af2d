import type { ViteUserConfig } from "vitest/config";

const conditions = ["@reg/source", "node", "import", "module", "default"];

/** Tests read the packages' sources, so that they need no build; interop tests need programs from the system. */
export function vitestConfig(): ViteUserConfig {
  const interop = process.env["REG_TEST_KIND"] === "interop";
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      include: [interop ? "test/**/*.interop.test.ts" : "test/**/*.test.ts"],
      exclude: interop ? [] : ["**/*.interop.test.ts", "**/node_modules/**"],
      // Generous: a busy machine is no failure. What promises a deadline tests it by itself.
      testTimeout: 120_000,
      hookTimeout: 60_000,
      // A busy machine takes its time.
      expect: { poll: { timeout: 10_000 } },
      passWithNoTests: false,
      reporters: ["default", ["json", { outputFile: `.reports/${interop ? "interop" : "unit"}.json` }]],
    },
  };
}
