/**
 * Nobody who types a command can act on the warning that a part of Node is experimental, as `node:sqlite` is in Node 22,
 * by which layouts are locked. Other warnings are printed as ever.
 */
export function quietExperiments(): void {
  const printers = process.listeners("warning");
  process.removeAllListeners("warning");
  for (const print of printers) {
    process.on("warning", (warning) => {
      if (warning.name !== "ExperimentalWarning") print(warning);
    });
  }
}
