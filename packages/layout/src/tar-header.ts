import { once } from "node:events";
import { type Header, pack } from "tar-stream";

/** The blocks that begin an entry of a tar file, for those who place the content themselves. */
export async function tarHeader(header: Partial<Header> & Pick<Header, "name">): Promise<Buffer> {
  const packer = pack();
  packer.entry({ mode: 0o644, mtime: EPOCH, ...header });
  await once(packer, "readable");
  const blocks: Buffer[] = [];
  // Everything up to the content comes at once; then the packer waits for the content, which never comes.
  for (let block = readBlock(packer); block !== null; block = readBlock(packer)) blocks.push(block);
  packer.on("error", () => {});
  packer.destroy();
  return Buffer.concat(blocks);
}

/** Archives of the same content are the same bytes: no entry has the time of its writing. */
export const EPOCH: Date = new Date(0);

function readBlock(packer: ReturnType<typeof pack>): Buffer | null {
  // tar-stream's packer gives buffers; the declared type is Node's, which knows no better.
  return packer.read() as Buffer | null;
}
