import { execFileSync } from "node:child_process";
import * as auth from "@reg/auth";
import * as authNode from "@reg/auth/node";
import * as client from "@reg/client";
import * as content from "@reg/content";
import * as layout from "@reg/layout";
import * as reference from "@reg/reference";
import * as transport from "@reg/transport";
import { expect, test } from "vitest";
import * as sdk from "../src/index.ts";

const PACKAGES = { auth, authNode, client, content, layout, reference, transport };

test.each(Object.entries(PACKAGES))("everything that %s exports is there, as it is", (name, exports) => {
  for (const [key, value] of Object.entries(exports)) {
    // Two packages have a function of this name; the umbrella takes the one of references.
    if (name === "content" && key === "digestAlgorithm") continue;
    expect(Reflect.get(sdk, key), key).toBe(value);
  }
});

test("importing the umbrella loads no undici: that waits for the first request", () => {
  const index = new URL("../src/index.ts", import.meta.url).href;
  const probe = `import { registerHooks } from "node:module"; const seen = []; registerHooks({ load(url, context, next) { seen.push(url); return next(url, context); } }); await import(${JSON.stringify(index)}); console.log(seen.filter((url) => url.includes("/undici/")).length);`;
  const output = execFileSync(
    process.execPath,
    ["--conditions=@reg/source", "--no-warnings", "--input-type=module", "-e", probe],
    {
      encoding: "utf8",
    },
  );
  expect(output.trim()).toBe("0");
});
