"""An agent as anybody writes it: it knows an OpenAI endpoint and nothing of attestation."""

import json
import os
import urllib.request

request = urllib.request.Request(
    os.environ["OPENAI_BASE_URL"] + "/chat/completions",
    json.dumps({"model": "demo", "stream": True,
                "messages": [{"role": "user", "content": "Where are you?"}]}).encode(),
    {"content-type": "application/json",
     "authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})

print("agent   holds the key", os.environ["LLM_API_KEY"], flush=True)
words = []
with urllib.request.urlopen(request, timeout=20) as answer:
    for line in answer:
        if line.startswith(b"data: {"):
            words.append(json.loads(line[6:])["choices"][0]["delta"].get("content", ""))
    print("agent   the model says:", *words, flush=True)
    print("agent   its answer came attested:", answer.headers["x-ratls-attested"], flush=True)

try:
    urllib.request.urlopen("http://192.0.2.1/telemetry", timeout=3)
    print("agent   reached another address", flush=True)
except OSError as error:
    print("agent   any other address:", error, flush=True)
