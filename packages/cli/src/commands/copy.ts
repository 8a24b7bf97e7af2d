import type { Call } from "../call.ts";
import { transfer } from "../transfer.ts";

export async function run(call: Call): Promise<undefined> {
  await transfer(call, call.argument("SOURCE"), call.argument("TARGET"));
}
