import { Call } from "./call.ts";
import { safeJson } from "./escape.ts";
import { EXIT_INTERRUPTED } from "./exit-codes.ts";
import { describeFailure, type Failure, failureDocument, failureLine } from "./failure.ts";
import { Output } from "./output.ts";
import { findCommand, type ParsedCall, parseCall } from "./parse-call.ts";
import { Interruption, listenForSignals } from "./signals.ts";
import { COMMANDS } from "./table.ts";
import { CommandError } from "./usage-error.ts";

/** Runs one command line and returns the exit code. Never rejects. */
export async function run(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const { stdout, stderr } = process;
  const colour = stderr.isTTY && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  // Before the options are read, a failure has to be told in the form that was probably asked for.
  let output = new Output({ stdout, stderr, json: argv.includes("--json"), quiet: false, colour });
  let call: Call | undefined;
  const signals = listenForSignals({
    onFirst: () => output.note("reg: stopping; Ctrl-C again stops at once"),
    onSecond: () => output.live?.showCursor(),
  });
  try {
    const parsed = await findCall(argv, output);
    if (typeof parsed === "number") return parsed;
    const { options } = parsed;
    output = new Output({ stdout, stderr, json: options.has("json"), quiet: options.has("quiet"), colour });
    const { signal, cancel } = withTimeout(signals.signal, parsed);
    call = new Call(parsed, { environment, output, signal });
    call.defer(cancel);
    const { run: runCommand } = await parsed.definition.load();
    return (await runCommand(call)) ?? 0;
  } catch (error) {
    return report(output, error, signals.signal, call);
  } finally {
    await call?.[Symbol.asyncDispose]().catch(() => undefined);
    output.live?.showCursor();
    signals.close();
  }
}

/** The parsed command line, or the exit code where help or the version was all that was asked for. */
async function findCall(argv: readonly string[], output: Output): Promise<ParsedCall | number> {
  const found = findCommand(argv, COMMANDS);
  if (found.kind === "command") {
    const parsed = parseCall(found.definition, found.rest);
    if (!parsed.help) return parsed;
    const { commandHelp } = await import("./help.ts");
    output.stdout.write(commandHelp(found.definition, output.stdout.columns));
    return 0;
  }
  if (found.kind === "none" && found.version) {
    const { version } = await import("./version.ts");
    output.stdout.write(`reg ${version()}\n`);
    return 0;
  }
  const { groupHelp, mainHelp } = await import("./help.ts");
  if (found.kind === "group") {
    output.stderr.write(groupHelp(found.name, output.stderr.columns));
    return argv.includes("--help") || argv.includes("-h") ? 0 : 2;
  }
  // Asked for, help is a result; otherwise it is the answer to wrong usage.
  const stream = found.help ? output.stdout : output.stderr;
  stream.write(mainHelp(stream.columns));
  return found.help ? 0 : 2;
}

function withTimeout(signal: AbortSignal, parsed: ParsedCall): { signal: AbortSignal; cancel: () => void } {
  const given = parsed.options.get("timeout");
  if (given === undefined || given === true) return { signal, cancel: () => undefined };
  const seconds = Number(given.at(-1));
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new CommandError("TIMEOUT", `not done within ${seconds} s (--timeout)`)),
    // A timer beyond 2^31-1 ms would fire at once.
    Math.min(seconds * 1000, 2 ** 31 - 1),
  );
  return { signal: AbortSignal.any([signal, controller.signal]), cancel: () => clearTimeout(timer) };
}

function report(output: Output, error: unknown, signal: AbortSignal, call: Call | undefined): number {
  output.live?.clear();
  if (isBrokenPipe(error)) return 0;
  if (signal.aborted && signal.reason instanceof Interruption) {
    const hint = call?.resumable === true ? "the same line goes on where this one stopped" : undefined;
    tell(output, {
      code: "INTERRUPTED",
      message: "interrupted",
      ...(hint === undefined ? {} : { hint }),
      exit: 1,
    });
    return signal.reason.exit ?? EXIT_INTERRUPTED;
  }
  // An abort by --timeout surfaces in many shapes; its reason is the one that says so.
  const reason: unknown = call?.signal.aborted === true ? call.signal.reason : error;
  const failure = describeFailure(reason, call?.name);
  tell(output, failure);
  return failure.exit;
}

function tell(output: Output, failure: Failure): void {
  if (output.json) output.stderr.write(`${safeJson(failureDocument(failure))}\n`);
  else output.error(failureLine(failure));
}

/** The reader of our output has seen enough (`reg tags … | head`): that is no failure of ours. */
function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE" && "syscall" in error;
}
