import { availableParallelism, loadavg } from "node:os";

/** On what, and how busy it was: without it, figures say nothing to whoever reads them later. */
export function conditions(): string {
  const [minute = 0] = loadavg();
  const processors = availableParallelism();
  return (
    `Node ${process.versions.node}, ${process.platform} ${process.arch}, ` +
    `${processors} processor${processors === 1 ? "" : "s"}, load ${minute.toFixed(1)}`
  );
}
