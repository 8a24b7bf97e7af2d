import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface HelperScript {
  readonly get?: Readonly<Record<string, { readonly exit: number; readonly stdout: string }>>;
}

/** A person's home on disk: files by names such as `$HOME/.docker/config.json`, and helpers that are real programs. */
export interface Home extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  path(name: string): string;
  write(name: string, text: string): Promise<void>;
  read(name: string): Promise<string>;
  /** A helper that answers `get` by its standard input. */
  helper(name: string, script: HelperScript): Promise<void>;
  /** A helper made of shell. */
  program(name: string, shell: string): Promise<void>;
}

export async function makeHome(files: Readonly<Record<string, string>> = {}): Promise<Home> {
  const root = await mkdtemp(join(tmpdir(), "reg-auth-"));
  const env = {
    HOME: join(root, "home"),
    XDG_RUNTIME_DIR: join(root, "run"),
    XDG_CONFIG_HOME: join(root, "config"),
    PATH: `${join(root, "bin")}:/bin:/usr/bin`,
  };
  const path = (name: string): string => {
    if (name.startsWith("/")) return join(root, "root", name);
    return name.replace(/^\$(HOME|XDG_RUNTIME_DIR|XDG_CONFIG_HOME)/, (_, variable: "HOME") => env[variable]);
  };
  const home: Home = {
    env,
    path,
    async write(name, text) {
      await mkdir(dirname(path(name)), { recursive: true });
      await writeFile(path(name), text, { mode: 0o600 });
    },
    read: (name) => readFile(path(name), "utf8"),
    async helper(name, script) {
      const cases = Object.entries(script.get ?? {}).map(
        ([url, { exit, stdout }]) => `${quote(`get ${url}`)}) printf %s ${quote(stdout)}; exit ${exit};;`,
      );
      await home.program(
        name,
        `case "$1 $(cat)" in\n${cases.join("\n")}\n*) echo unexpected; exit 9;;\nesac`,
      );
    },
    async program(name, shell) {
      const file = join(root, "bin", `docker-credential-${name}`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, `#!/bin/sh\n${shell}\n`);
      await chmod(file, 0o755);
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
  await mkdir(env.HOME, { recursive: true });
  for (const [name, text] of Object.entries(files)) await home.write(name, text);
  return home;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
