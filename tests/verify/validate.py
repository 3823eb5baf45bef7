#!/usr/bin/env python3
"""Every line of a file against a JSON Schema, by a validator that is not ours.

usage: tests/verify/validate.py SCHEMA LINES
Exit codes: 0 all conform, 1 one does not (it is printed), 69 there is no validator.
"""

import json
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(69)


def main(schema_file: str, lines_file: str) -> int:
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    count = 0
    with open(lines_file, encoding="utf-8") as file:
        for line in file:
            count += 1
            error = jsonschema.exceptions.best_match(validator.iter_errors(json.loads(line)))
            if error is not None:
                print(f"{list(error.absolute_path)}: {error.message}\n{line}")
                return 1
    print(f"{count} conform")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
