import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../.config/programs.ts";

/** A certificate authority made for one test, by openssl. */
export class Authority {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string): Promise<Authority> {
    const authority = new Authority(folder);
    const subject = "/CN=Test authority";
    const [key, cert] = [authority.path("ca.key"), authority.path("ca.crt")];
    await run(
      "openssl",
      "req",
      "-x509",
      ...NEW_KEY,
      "-keyout",
      key,
      "-out",
      cert,
      "-days",
      "2",
      "-subj",
      subject,
    );
    return authority;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), "utf8");
  }

  /** Makes `<name>.crt` and `<name>.key` for these names, valid for so many days from now (negative: expired). */
  async issue(name: string, names: string, days: number): Promise<void> {
    const [key, request, cert] = [`${name}.key`, `${name}.csr`, `${name}.crt`].map((file) => this.path(file));
    if (key === undefined || request === undefined || cert === undefined) throw new Error("unreachable");
    await run("openssl", "req", ...NEW_KEY, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
    await writeFile(this.path(`${name}.ext`), `subjectAltName=${names}\n`);
    const validity = ["-days", String(days)];
    const signer = ["-CA", this.path("ca.crt"), "-CAkey", this.path("ca.key"), "-CAcreateserial"];
    const extensions = ["-extfile", this.path(`${name}.ext`)];
    await run("openssl", "x509", "-req", "-in", request, "-out", cert, ...signer, ...validity, ...extensions);
  }
}

const NEW_KEY: readonly string[] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
