/** Makes the model, writes a few rows of text with it, and the same once more. */
import { isDeepStrictEqual } from "node:util";
import { InferenceSession } from "onnxruntime-node";
import { generate } from "./generate.ts";
import { makeModel } from "./model.ts";
import { readOptions } from "./options.ts";
import { decode, encode, TEXT, VOCABULARY } from "./text.ts";

async function main(): Promise<void> {
  const { prompt, logits, generation } = readOptions();
  const model = makeModel(encode(TEXT), VOCABULARY.length, logits);
  const session = await InferenceSession.create(model);
  console.log(`model: embedding x projection of ${VOCABULARY.length} characters, ${logits} logits, ${model.length} bytes of ONNX`);

  const rows = await generate(session, generation);
  for (const [row, tokens] of rows.entries()) console.log(`row ${row}: ${prompt}${decode(tokens)}`);
  console.log(`tokens of row 0: ${rows[0]?.join(" ") ?? "none"}`);

  const again = await generate(session, generation);
  if (!isDeepStrictEqual(again, rows)) throw new Error("the same seed gave other tokens");
  console.log(`seed ${generation.seed} again: the same ${rows.length} x ${generation.steps} tokens`);
  await session.release();
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
