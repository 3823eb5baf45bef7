"""A crew of two, as its author wrote it for `docker run`. It knows nothing of attestation."""

import os

from crewai import LLM, Agent, Crew, Process, Task

llm = LLM(model=os.environ.get("MODEL", "gpt-4o"), api_key=os.environ["LLM_API_KEY"])

researcher = Agent(
    role="Researcher",
    goal="Find out what confidential computing protects",
    backstory="You read specifications for a living.",
    llm=llm,
)
writer = Agent(
    role="Writer",
    goal="Say it in one paragraph that anybody understands",
    backstory="You write for people who have no time.",
    llm=llm,
)

research = Task(
    description="List what the host of a confidential guest can and cannot see.",
    expected_output="Five bullet points.",
    agent=researcher,
)
article = Task(
    description="Turn the list into one paragraph.",
    expected_output="One paragraph.",
    agent=writer,
    context=[research],
)

if __name__ == "__main__":
    crew = Crew(agents=[researcher, writer], tasks=[research, article], process=Process.sequential)
    print(crew.kickoff())
