// The self-check of a module of WebAssembly: node web_assembly.mjs evaluator.wasm check.json
import { readFileSync } from "node:fs";

const [, , file, numbers] = process.argv;
const check = JSON.parse(readFileSync(numbers, "utf8"));
const mathematical = {};
for (const name of ["sin", "cos", "tan", "exp", "log", "pow", "hypot", "cbrt", "sinh", "cosh", "tanh", "floor", "ceil", "trunc"]) {
  mathematical[name] = Math[name];
  mathematical[name + "f"] = (...x) => Math.fround(Math[name](...x));
}
const module = await WebAssembly.compile(readFileSync(file));
const { exports } = await WebAssembly.instantiate(module, { env: mathematical });
const Numbers = check.single ? Float32Array : Float64Array;
let free = exports.HEAP.value;
const room = (bytes) => {
  const at = free;
  free += Math.ceil(bytes / 16) * 16;
  return at;
};
const item = check.single ? 4 : 8;
const arguments_ = check.arguments.map((a) => room(a.length * item));
const results = check.results.map((r) => room(r.size * item));
const [given, wanted] = [room(4 * arguments_.length), room(4 * results.length)];
const workspace = room(exports.WORKSPACE.value * item);
exports.memory.grow(Math.max(0, Math.ceil((free - exports.memory.buffer.byteLength) / 65536)));
arguments_.forEach((at, k) => new Numbers(exports.memory.buffer, at, check.arguments[k].length).set(check.arguments[k]));
new Uint32Array(exports.memory.buffer, given, arguments_.length).set(arguments_);
new Uint32Array(exports.memory.buffer, wanted, results.length).set(results);
exports[check.name](given, wanted, workspace, 1n);
let worst = 0;
check.results.forEach((r, k) => {
  const got = new Numbers(exports.memory.buffer, results[k], r.size);
  const largest = Math.max(...r.values.map(Math.abs)) || 1;
  r.values.forEach((v, e) => {
    const error = Math.abs(got[e * r.step] - v) / largest;
    worst = error <= worst ? worst : error;
  });
});
console.log(`largest relative difference ${worst.toExponential(1)}`);
