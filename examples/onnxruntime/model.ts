/** A language model of two operators, an embedding and a matrix product, as the bytes of an ONNX file. */
import { readFileSync } from "node:fs";
import protobuf from "protobufjs";

// written as they are named in the schema, not in camel case
const schema = protobuf.parse(readFileSync(new URL("onnx.proto", import.meta.url), "utf8"), { keepCase: true }).root;
const ModelProto = schema.lookupType("onnx.ModelProto");
const { FLOAT, INT64, FLOAT16 } = schema.lookupEnum("onnx.TensorProto.DataType").values;

/**
 * ids, int64 [batch, length], to logits, float32 or float16 [batch, length, vocabulary]. What follows a token is judged by how often it did in the text:
 * the embedding is the token's unit vector, and the matrix holds the logarithms of the counts.
 */
export function makeModel(text: readonly number[], vocabulary: number, logits: "float32" | "float16"): Uint8Array {
  const unit = Float32Array.from({ length: vocabulary ** 2 }, (_, at) => (at % (vocabulary + 1) === 0 ? 1 : 0));
  // what the text never shows is unlikely, not impossible
  const counts = new Float32Array(vocabulary ** 2).fill(0.01);
  for (let at = 1; at < text.length; at++) counts[text[at - 1]! * vocabulary + text[at]!]! += 1;
  const half = logits === "float16";
  return ModelProto.encode(
    ModelProto.fromObject({
      ir_version: 8,
      opset_import: [{ domain: "", version: 17 }],
      graph: {
        name: "bigrams",
        input: [value("ids", INT64!, ["batch", "length"])],
        initializer: [matrix("embedding", unit, vocabulary), matrix("projection", counts.map(Math.log), vocabulary)],
        node: [
          { op_type: "Gather", input: ["embedding", "ids"], output: ["embedded"] },
          { op_type: "MatMul", input: ["embedded", "projection"], output: [half ? "scores" : "logits"] },
          ...(half ? [{ op_type: "Cast", input: ["scores"], output: ["logits"], attribute: [{ name: "to", type: "INT", i: FLOAT16 }] }] : []),
        ],
        output: [value("logits", half ? FLOAT16! : FLOAT!, ["batch", "length", vocabulary])],
      },
    }),
  ).finish();
}

/** A tensor's name, type and dimensions; a dimension that is known only when the model runs has a name. */
const value = (name: string, elem_type: number, dims: readonly (number | string)[]): object => ({
  name,
  type: { tensor_type: { elem_type, shape: { dim: dims.map((dim) => (typeof dim === "string" ? { dim_param: dim } : { dim_value: dim })) } } },
});

/** Square; its bytes as they lie in memory, which is little-endian wherever onnxruntime-node runs. */
const matrix = (name: string, data: Float32Array, size: number): object => ({
  name,
  dims: [size, size],
  data_type: FLOAT,
  raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});
