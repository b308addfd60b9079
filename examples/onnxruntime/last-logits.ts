/** From what a language model put out to what a token is drawn from. */
import type { Tensor } from "onnxruntime-node";
import type { Dtype, HostArray } from "topkit";

export interface LastLogits {
  /** Begins at the first row's last position: the tensor's own memory, nothing is copied. */
  readonly data: HostArray;
  /** Where sample() finds the rows in it. */
  readonly layout: { readonly rows: number; readonly cols: number; readonly rowStride: number; readonly dtype: Dtype };
}

const DTYPES: Readonly<Record<string, Dtype>> = { float32: "f32", float16: "f16" };

/** Of logits [batch, vocabulary] or [batch, length, vocabulary], those of each row's last position. Errors: TypeError for another tensor. */
export function lastLogits(logits: Tensor | undefined): LastLogits {
  if (logits === undefined) throw new TypeError('the model has no output "logits"; name the one that holds them');
  const dtype = DTYPES[logits.type];
  if (dtype === undefined) throw new TypeError(`the logits are ${logits.type}; topkit draws from float32 and float16: cast them in the model`);
  const { dims } = logits;
  const [rows, length, cols] = dims.length === 2 ? [dims[0]!, 1, dims[1]!] : dims;
  if (dims.length > 3 || rows === undefined || length === undefined || cols === undefined || length === 0)
    throw new TypeError(`the logits are [${dims.join(", ")}]; they need to be [batch, vocabulary] or [batch, length, vocabulary], of at least one token`);
  // float16: a Uint16Array of raw bits, or a Float16Array where Node has it; topkit reads both
  const data = logits.data as HostArray;
  return { data: data.subarray((length - 1) * cols), layout: { rows, cols, rowStride: length * cols, dtype } };
}
