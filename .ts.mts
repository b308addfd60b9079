import { compileReport, declaredSymbols } from "./bench/compile-report.ts";
const d=declaredSymbols();
const r=await compileReport({variants:v=>!d.has(v.symbol),arches:[90],out:"/tmp/p4/spillout",log:console.log});
console.log(r.failures);
