"""Stands for the package crewai where it is not installed: the names that examples/crewai uses.

No CrewAI code. It finds its endpoint in the same variables as CrewAI's OpenAI provider, in the same
order, and refuses an empty key as that does; its prompts and its orchestration are not CrewAI's.
"""

import json
import os
import urllib.request


class LLM:
    def __init__(self, model: str, api_key: str | None = None, base_url: str | None = None) -> None:
        self.model, self.key = model, api_key or os.environ.get("OPENAI_API_KEY", "")
        if not self.key:
            raise ValueError("OPENAI_API_KEY is required")
        self.url = (base_url or os.environ.get("OPENAI_BASE_URL")
                    or os.environ.get("OPENAI_API_BASE") or "https://api.openai.invalid/v1")

    def call(self, system: str, user: str) -> str:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        request = urllib.request.Request(
            self.url + "/chat/completions",
            json.dumps({"model": self.model, "messages": messages}).encode(),
            {"content-type": "application/json", "authorization": "Bearer " + self.key})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())["choices"][0]["message"]["content"]


class Agent:
    def __init__(self, role: str, goal: str, backstory: str, llm: LLM) -> None:
        self.llm, self.system = llm, f"You are {role}. {backstory} Your goal: {goal}"


class Task:
    def __init__(self, description: str, expected_output: str, agent: Agent,
                 context: "list[Task] | None" = None) -> None:
        self.agent, self.context, self.output = agent, context or [], ""
        self.text = f"{description}\nExpected: {expected_output}"

    def run(self) -> str:
        known = "\n".join(each.output for each in self.context)
        self.output = self.agent.llm.call(self.agent.system, f"{self.text}\n{known}")
        return self.output


class Process:
    sequential = "sequential"


class Crew:
    def __init__(self, agents: list, tasks: list, process: str = Process.sequential) -> None:
        self.agents, self.tasks = agents, tasks

    def kickoff(self) -> str:
        return [each.run() for each in self.tasks][-1]
