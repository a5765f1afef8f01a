// Reads an OpenAPI document from standard input; prints its version, or what is wrong with it, and ends with 1.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const result = await validator.validate(JSON.parse(readFileSync(0, "utf8")));
console.log(result.valid ? validator.version : JSON.stringify(result.errors, null, 1));
process.exitCode = result.valid ? 0 : 1;
