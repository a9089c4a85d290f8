// Evaluates CEL expressions over requests, as an API server does matchConditions. From standard input:
//   {"expressions": {"name": "CEL"}, "requests": [the `request` of an AdmissionReview]}
// To standard output: a list, for each request {"name": true | false | "error: ..."}.
import { run } from "@bufbuild/cel";

function value(json) {
  if (Array.isArray(json)) return json.map(value);
  if (json !== null && typeof json === "object") return new Map(Object.entries(json).map(([k, v]) => [k, value(v)]));
  return Number.isInteger(json) ? BigInt(json) : json;
}

function evaluate(expression, variables) {
  try {
    const result = run(expression, variables);
    return typeof result === "boolean" ? result : `error: ${result}`;
  } catch (fault) {
    return `error: ${fault.message}`;
  }
}

let input = "";
for await (const chunk of process.stdin) input += chunk;
const { expressions, requests } = JSON.parse(input);
const answers = requests.map((request) => {
  const variables = { request: value({ ...request, object: null, oldObject: null }), object: value(request.object ?? null), oldObject: value(request.oldObject ?? null) };
  return Object.fromEntries(Object.entries(expressions).map(([name, expression]) => [name, evaluate(expression, variables)]));
});
console.log(JSON.stringify(answers));
