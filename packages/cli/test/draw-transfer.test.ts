import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawTransfer } from "../src/progress/draw-transfer.ts";
import { TransferState } from "../src/progress/transfer-state.ts";

const MIB = 1024 ** 2;

function layer(index: number, size: number) {
  const digest = `sha256:${index.toString(16).padStart(2, "0").repeat(32)}` as never;
  return { digest, size, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" };
}

function halfway(): TransferState {
  const state = new TransferState();
  state.apply({ type: "planned", nodes: 3, bytes: 30 * MIB }, 0);
  state.apply({ type: "started", descriptor: layer(1, 20 * MIB) }, 0);
  state.apply({ type: "skipped", descriptor: layer(2, 4 * MIB) }, 0);
  state.speed(0);
  state.apply({ type: "bytes", descriptor: layer(1, 20 * MIB), done: 10 * MIB }, 2000);
  return state;
}

describe("drawTransfer", () => {
  test("each piece has a line, and the whole one below with speed and time left", () => {
    const lines = drawTransfer(halfway(), { columns: 110, rows: 24, now: 2000, startedAt: 0, colour: false });
    expect(lines).toEqual([
      `010101010101 layer     [${"=".repeat(15)}>${" ".repeat(14)}]   50%   10.0 MiB/20.0 MiB  5.0 MiB/s  2.0 s left`,
      "020202020202 layer       4.0 MiB  there already",
      `total                  [${"=".repeat(14)}>${" ".repeat(15)}]   46%   14.0 MiB/30.0 MiB  5.0 MiB/s  3.2 s left`,
    ]);
  });

  test("a finished transfer says what was moved and how long it took", () => {
    const state = halfway();
    state.apply({ type: "done", descriptor: layer(1, 20 * MIB) }, 4000);
    state.apply({ type: "mounted", descriptor: layer(3, 6 * MIB) }, 4000);
    const lines = drawTransfer(state, { columns: 110, rows: 24, now: 4000, startedAt: 0, colour: false });
    expect(lines[0]).toContain("done in 4.0 s");
    expect(lines[2]).toContain("mounted");
    expect(lines.at(-1)).toContain("100%");
    expect(lines.at(-1)).toContain("20.0 MiB moved in 4.0 s");
  });

  test("where not all pieces fit, those on their way are shown and the rest is counted", () => {
    const state = new TransferState();
    for (let index = 0; index < 40; index += 1)
      state.apply({ type: "done", descriptor: layer(index, MIB) }, index);
    state.apply({ type: "started", descriptor: layer(99, MIB) }, 50);
    const lines = drawTransfer(state, { columns: 100, rows: 10, now: 60, startedAt: 0, colour: false });
    expect(lines).toHaveLength(9);
    expect(lines.some((line) => line.startsWith("636363"))).toBe(true);
    expect(lines.at(-1)).toContain("33 not shown");
  });

  test("no line reaches the edge of the terminal, and no frame its top, whatever the size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.integer({ min: 2, max: 60 }), (columns, rows) => {
        const lines = drawTransfer(halfway(), { columns, rows, now: 2500, startedAt: 0, colour: false });
        expect(lines.length).toBeLessThan(Math.max(rows, 3));
        for (const line of lines) expect(line.length).toBeLessThan(columns);
      }),
    );
  });

  test("colours are used only where they are wanted", () => {
    const options = { columns: 100, rows: 24, now: 2000, startedAt: 0 };
    expect(drawTransfer(halfway(), { ...options, colour: false }).join("")).not.toContain("\u001b");
    expect(drawTransfer(halfway(), { ...options, colour: true }).join("")).toContain("\u001b[2m");
  });
});
