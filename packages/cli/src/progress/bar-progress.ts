import type { Output } from "../output.ts";
import { drawTransfer } from "./draw-transfer.ts";
import { LiveRegion } from "./live-region.ts";
import type { ProgressView } from "./start-progress.ts";
import { TransferState } from "./transfer-state.ts";

/** Often enough to look alive, seldom enough to cost nothing. */
const FRAME_INTERVAL_MS = 100;

/** A bar for each piece and one for the whole, at the foot of the terminal. */
export function barProgress(output: Output): ProgressView {
  const region = new LiveRegion(output.stderr);
  const state = new TransferState();
  const startedAt = performance.now();
  output.live = region;
  const frame = (): void => {
    if (state.pieces.size === 0 && state.plannedNodes === 0) return;
    const now = performance.now();
    const size = { columns: region.columns, rows: region.rows };
    region.draw(drawTransfer(state, { ...size, now, startedAt, colour: output.colour }));
  };
  const timer = setInterval(frame, FRAME_INTERVAL_MS);
  // A narrower terminal has wrapped what was drawn: begin anew below it rather than overwrite the wrong lines.
  const resized = (): void => region.end();
  process.on("SIGWINCH", resized);
  // Whatever ends the process, the cursor comes back.
  const leave = (): void => region.showCursor();
  process.once("exit", leave);
  let ended = false;
  return {
    show: (event) => {
      state.apply(event, performance.now());
      if (event.type === "retried") output.note(`trying again: ${event.reason}`);
    },
    end: () => {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      process.off("SIGWINCH", resized);
      process.off("exit", leave);
      frame();
      region.end();
      output.live = undefined;
    },
  };
}
