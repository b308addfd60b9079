/** The process that measures, on a fake device. */
import { useNative } from "../../runtime/native-access.ts";
import { FakeNative } from "../runtime/fake-native.ts";

const native = new FakeNative();
native.l2Bytes = 4096;
useNative(native);
await import("../../bench/autotune/measure-child.ts");
