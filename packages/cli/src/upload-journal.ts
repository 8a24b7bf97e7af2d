import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import type { UploadJournal } from "@reg/sdk";
import { CommandError } from "./usage-error.ts";

/** A file that an upload is written down in, so that another process can go on with it. */
export interface JournalFile {
  /** Where an earlier process left off. */
  readonly resume: UploadJournal | undefined;
  readonly onJournal: (journal: UploadJournal) => Promise<void>;
  /** To be called when the upload is done. */
  remove(): Promise<void>;
}

export async function openJournal(
  path: string,
  target: Pick<UploadJournal, "registry" | "repository">,
): Promise<JournalFile> {
  const resume = await readJournal(path);
  if (resume !== undefined && !isFor(resume, target)) {
    throw new CommandError(
      "CONFIG",
      `${path} is the journal of an upload to ${resume.registry}/${resume.repository}`,
      { hint: "remove it to begin another" },
    );
  }
  return {
    resume,
    onJournal: async (journal) => {
      const temporary = `${path}.${randomBytes(6).toString("hex")}`;
      // Whoever has its location can go on with the upload.
      await writeFile(temporary, JSON.stringify(journal), { flag: "wx", mode: 0o600 });
      await rename(temporary, path);
    },
    remove: () => rm(path, { force: true }),
  };
}

async function readJournal(path: string): Promise<UploadJournal | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const journal = parse(text);
  if (journal !== undefined) return journal;
  throw new CommandError("CONFIG", `${path} is no journal of an upload`, {
    hint: "remove it to begin another",
  });
}

function parse(text: string): UploadJournal | undefined {
  let journal: Record<string, unknown>;
  try {
    // An object or not: what is used of it is looked at.
    journal = Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { version, registry, repository, location, offset } = journal;
  const isJournal =
    version === 1 &&
    typeof registry === "string" &&
    typeof repository === "string" &&
    typeof location === "string" &&
    Number.isSafeInteger(offset) &&
    typeof offset === "number";
  return isJournal ? { version, registry, repository, location, offset } : undefined;
}

function isFor(journal: UploadJournal, target: Pick<UploadJournal, "registry" | "repository">): boolean {
  return journal.registry === target.registry && journal.repository === target.repository;
}
