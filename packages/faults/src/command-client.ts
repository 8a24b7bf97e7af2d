import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import type { Client, Feature, Operation, Outcome, Setting, Verb } from "./client.ts";

/** How one command line says each operation. */
export interface CommandDialect {
  readonly name: string;
  /** The program, and arguments that always come first. */
  readonly program: readonly string[];
  readonly version: readonly string[];
  /** Beyond `process`, which every command has. */
  readonly features?: readonly Feature[];
  readonly verbs: {
    readonly [V in Verb]?: (operation: Extract<Operation, { verb: V }>, setting: Setting) => string[];
  };
}

/** An installed command-line client; undefined where the program is not found. */
export async function commandClient(dialect: CommandDialect): Promise<Client | undefined> {
  const [program = "", ...first] = dialect.program;
  const version = await promisify(execFile)(program, [...first, ...dialect.version]).then(
    ({ stdout }) => /v?\d+\.\d+[\w.+-]*/.exec(stdout)?.[0] ?? stdout.trim(),
    () => undefined,
  );
  if (version === undefined) return undefined;
  return {
    name: dialect.name,
    version,
    command: { name: dialect.name, program: dialect.program },
    features: new Set<Feature>(["process", ...(dialect.features ?? [])]),
    verbs: new Set(Object.keys(dialect.verbs) as Verb[]), // the keys of a record over Verb
    run: (operation, setting) => {
      // The dialect's entry for a verb takes that verb's operation; the compiler cannot pair them over a union.
      const args = dialect.verbs[operation.verb] as
        | ((operation: Operation, setting: Setting) => string[])
        | undefined;
      if (args === undefined) throw new Error(`${dialect.name} has no ${operation.verb}`);
      return execute(program, [...first, ...args(operation, setting)], setting);
    },
  };
}

async function execute(program: string, args: readonly string[], setting: Setting): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(...limited(program, args, setting), {
    cwd: setting.home,
    env: environment(setting),
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that what it started ends with it.
    detached: true,
  });
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // Gone already.
    }
  };
  let output = "";
  let stdout = "";
  let peakMemoryBytes: number | undefined;
  let timedOut = false;
  child.stdout.on("data", (chunk: Buffer) => {
    stdout = keep(stdout, chunk);
    output = keep(output, chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output = keep(output, chunk);
  });
  const watch = setInterval(() => {
    peakMemoryBytes = peakMemoryOf(child.pid) ?? peakMemoryBytes;
    if ((peakMemoryBytes ?? 0) > MEMORY_LIMIT_BYTES) kill();
  }, 20);
  const killed = setting.killAfterMs !== undefined && setting.killAfterMs < setting.timeoutMs;
  const limit = setTimeout(
    () => {
      timedOut = !killed;
      kill();
    },
    killed ? setting.killAfterMs : setting.timeoutMs,
  );
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    // What it left running may hold our pipes, and then nothing is ever closed.
    child.once("exit", kill);
    child.once("close", (code) => resolve(code ?? -1));
  });
  clearInterval(watch);
  clearTimeout(limit);
  const durationMs = performance.now() - started;
  return {
    exitCode,
    output,
    stdout,
    durationMs,
    timedOut,
    ...(peakMemoryBytes !== undefined && { peakMemoryBytes }),
  };
}

/** Under a limit of the shell's; the signal that comes with it is ignored, so that writing fails instead (EFBIG). */
function limited(
  program: string,
  args: readonly string[],
  { fileLimitKiB }: Setting,
): [program: string, args: string[]] {
  if (fileLimitKiB === undefined) return [program, [...args]];
  // POSIX counts in units of 512 bytes.
  const script = `trap "" XFSZ; ulimit -f ${fileLimitKiB * 2}; exec "$@"`;
  return ["sh", ["-c", script, "sh", program, ...args]];
}

/** Far above every case's bound: a client that swallows whatever comes must not starve those played beside it. */
const MEMORY_LIMIT_BYTES = 1024 ** 3;

/** What a judge needs of the output; a client that floods its terminal must not flood us. */
const OUTPUT_LIMIT_CHARACTERS = 4 * 1024 * 1024;

function keep(text: string, chunk: Buffer): string {
  return text.length < OUTPUT_LIMIT_CHARACTERS ? text + chunk.toString("latin1") : text;
}

function environment({ home, caFile }: Setting): NodeJS.ProcessEnv {
  return {
    PATH: `${home}/bin:${process.env["PATH"]}`,
    HOME: home,
    DOCKER_CONFIG: `${home}/.docker`,
    XDG_RUNTIME_DIR: home,
    ...(caFile !== undefined && { SSL_CERT_FILE: caFile, NODE_EXTRA_CA_CERTS: caFile }),
  };
}

function peakMemoryOf(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    // Gone already, or a system without /proc.
    return undefined;
  }
}
