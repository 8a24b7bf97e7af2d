import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasPrograms } from "../../../.config/programs.ts";
import { LiveRegion } from "../src/progress/live-region.ts";
import { writeImage } from "./support/image.ts";
import { cleanEnvironment, REG_COMMAND } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

/** A terminal that remembers what was written, frame by frame. */
function recorder() {
  const frames: string[] = [];
  return {
    frames,
    isTTY: true,
    columns: 40,
    rows: 10,
    write: (chunk: string | Uint8Array) => frames.push(String(chunk)) > 0,
  };
}

describe("LiveRegion", () => {
  test("a frame is one write that goes over the one before without clearing it first", () => {
    const stream = recorder();
    const region = new LiveRegion(stream);
    region.draw(["one", "two"]);
    region.draw(["one", "three"]);
    expect(stream.frames).toHaveLength(2);
    expect(stream.frames[0]).toContain("\u001b[?25l");
    expect(stream.frames[1]).toMatch(/^\u001b\[\?2026h\u001b\[2A\rone\u001b\[K\nthree\u001b\[K\n\u001b\[J/);
  });

  test("what has not changed is not drawn again", () => {
    const stream = recorder();
    const region = new LiveRegion(stream);
    region.draw(["same"]);
    region.draw(["same"]);
    expect(stream.frames).toHaveLength(1);
  });

  test("a line that stays is written above, and the region again below it", () => {
    const stream = recorder();
    const region = new LiveRegion(stream);
    region.draw(["bar"]);
    region.above("note");
    expect(stream.frames[1]).toContain("\u001b[1A\rnote\u001b[K\nbar");
  });

  test("the cursor comes back when it ends", () => {
    const stream = recorder();
    const region = new LiveRegion(stream);
    region.draw(["bar"]);
    region.end();
    expect(stream.frames.at(-1)).toBe("\u001b[?25h");
  });
});

describe.runIf(hasPrograms("script"))("on a terminal", () => {
  function onTerminal(words: readonly string[], environment: Record<string, string>, cwd: string): string {
    const line = [...REG_COMMAND, ...words].map((word) => `'${word}'`).join(" ");
    const { stdout, status } = spawnSync("script", ["-qec", line, "/dev/null"], {
      encoding: "utf8",
      cwd,
      env: { ...cleanEnvironment(cwd), SHELL: "/bin/sh", ...environment },
    });
    expect(status).toBe(0);
    return stdout;
  }

  test("there are bars, the cursor comes back, and the result stands below them", () => {
    using scratch = scratchFolder();
    writeImage(join(scratch.path, "image"), "1.0", [Buffer.alloc(100_000)]);
    const seen = onTerminal(["copy", "oci:image:1.0", "oci:copy"], { TERM: "xterm" }, scratch.path);
    expect(seen).toContain("total");
    expect(seen).toContain("100%");
    expect(seen).toContain("\u001b[2m");
    const result = seen.lastIndexOf("oci:copy:1.0  sha256:");
    expect(result).toBeGreaterThan(seen.lastIndexOf("\u001b[?25h"));
    expect(seen.lastIndexOf("\u001b[?25h")).toBeGreaterThan(seen.lastIndexOf("\u001b[?25l"));
  });

  test("NO_COLOR takes the colours away, and a dumb terminal gets lines", () => {
    using scratch = scratchFolder();
    writeImage(join(scratch.path, "image"), "1.0", [Buffer.alloc(100_000)]);
    const plain = onTerminal(
      ["copy", "oci:image:1.0", "oci:a"],
      { TERM: "xterm", NO_COLOR: "1" },
      scratch.path,
    );
    expect(plain).not.toMatch(/\u001b\[\d+m/);
    const dumb = onTerminal(["copy", "oci:image:1.0", "oci:b"], { TERM: "dumb" }, scratch.path);
    expect(dumb).toContain("planned 3 pieces");
    expect(dumb).not.toContain("\u001b");
  });
});
