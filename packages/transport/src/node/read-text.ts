import { open, readdir } from "node:fs/promises";
import { TransportError } from "../errors.ts";

/** No configuration file of a registry client comes near this. */
const MAX_FILE_BYTES = 1024 * 1024;

/** A file's text; undefined where there is none. Code `CONFIG` where it is too large or cannot be read. */
export async function readText(path: string): Promise<string | undefined> {
  const file = await open(path, "r").catch((error: unknown) => absent(error, path));
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES)
      throw new TransportError("CONFIG", `${path} is larger than ${MAX_FILE_BYTES} bytes`);
    return await file.readFile("utf8");
  } catch (error) {
    return absent(error, path);
  } finally {
    await file.close();
  }
}

/** The names in a folder, sorted; none where there is no such folder. */
export async function readFolder(path: string): Promise<readonly string[]> {
  const names = await readdir(path).catch((error: unknown) => absent(error, path));
  return [...(names ?? [])].sort();
}

function absent(error: unknown, path: string): undefined {
  if (error instanceof TransportError) throw error;
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  throw new TransportError("CONFIG", `${path} cannot be read (${String(code)})`, { cause: error });
}
