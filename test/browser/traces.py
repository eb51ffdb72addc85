"""Traces and prompts as the unmodified MLflow client makes them, some with text that tries to run in a page."""

import sys

import mlflow
from mlflow.entities import AssessmentSource, SpanType

attack = sys.argv[1]
mlflow.set_experiment("chat")


@mlflow.trace(span_type=SpanType.RETRIEVER)
def retrieve(question):
    return [{"page_content": f"About {question}", "metadata": {"doc": 7}}]


@mlflow.trace(span_type=SpanType.CHAT_MODEL)
def chat(messages):
    span = mlflow.get_current_active_span()
    span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 11, "output_tokens": 5, "total_tokens": 16})
    return {"messages": [{"role": "assistant", "content": "Within 30 days."}]}


@mlflow.trace(name="answer", span_type=SpanType.CHAIN)
def answer(question):
    found = retrieve(question)
    if "fail" in question:
        raise ValueError(f"no answer to {question}")
    return chat([{"role": "system", "content": "Be kind."}, {"role": "user", "content": f"{question} {found}"}])


with mlflow.start_run(run_name="traced"):
    answer("May I have a refund?")
    first = mlflow.get_last_active_trace_id()
    mlflow.initialize_logged_model(name="drafted", params={"depth": attack})
mlflow.flush_trace_async_logging()
mlflow.set_trace_tag(first, "team", "ops")
judge = AssessmentSource(source_type="LLM_JUDGE", source_id="judge-1")
mlflow.log_feedback(trace_id=first, name="correct", value=True, rationale="It says so.", source=judge)
mlflow.log_expectation(trace_id=first, name="expected", value={"days": 30})
for number in range(5):
    answer(f"question {number}")
try:
    answer("fail")
except ValueError:
    pass

with mlflow.start_span(name=attack, attributes={attack: attack, "nested": {"deep": [attack, {"html": attack}]}}) as span:
    span.set_inputs({"ask": attack, "link": "javascript:top.hacked=1"})
    span.set_outputs([{"role": attack, "content": attack}])
    span.add_event(mlflow.entities.SpanEvent(name=attack, attributes={"text": attack}))
mlflow.flush_trace_async_logging()
hostile = mlflow.get_last_active_trace_id()
mlflow.set_trace_tag(hostile, "html", attack)
mlflow.log_feedback(trace_id=hostile, name="html", value=attack, rationale=attack)
mlflow.set_experiment("empty")

greeting = "Greet {{name}}.\nBe short.\nSay goodbye."
mlflow.genai.register_prompt(name="greeting", template=greeting, commit_message="first")
mlflow.genai.register_prompt(
    name="greeting", template=greeting.replace("short", "kind") + f"\n{attack}", commit_message=attack
)
mlflow.genai.set_prompt_alias("greeting", alias="live", version=1)
mlflow.genai.register_prompt(name="talk", template=[{"role": "system", "content": "You are {{who}}."}])
print(first, hostile)
