// An independent validator's opinion: node validate.mjs SCHEMA CORPUS
// CORPUS is a JSON list of documents; prints a JSON list of true and false, one for each.
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const [schema, corpus] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, strictTuples: false });
addFormats(ajv);
const validate = ajv.compile(schema);
console.log(JSON.stringify(corpus.map((document) => validate(document))));
