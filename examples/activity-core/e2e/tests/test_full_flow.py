"""The full RunActivityWorkflow flow, without Rust: Temporal's Python client and SQL."""

import asyncio
import os
import uuid

import psycopg
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError

TASK_QUEUE = "activity-core"
LIMIT = 60


@pytest.fixture
def database():
    address = os.environ["E2E_POSTGRES_5432"]
    url = f"postgresql://activity:activity@{address}/activity"
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        yield connection


async def run(activity):
    """Starts a run and polls until it has ended: its status, its result or error, its events."""
    client = await Client.connect(os.environ["E2E_TEMPORAL_7233"])
    handle = await client.start_workflow(
        "RunActivityWorkflow", activity, id=activity, task_queue=TASK_QUEUE
    )
    async with asyncio.timeout(LIMIT):
        while (described := await handle.describe()).status == WorkflowExecutionStatus.RUNNING:
            await asyncio.sleep(0.1)
    try:
        result = await handle.result()
    except WorkflowFailureError as error:
        result = error
    events = [event async for event in handle.fetch_history_events()]
    return described.status, result, [EventType.Name(event.event_type) for event in events]


def test_full_flow(database):
    name = f"python-{uuid.uuid4()}"
    database.execute(
        "INSERT INTO activity_definitions (name, output) VALUES (%s, %s)", (name, "from Python")
    )
    status, result, events = asyncio.run(run(name))
    assert status == WorkflowExecutionStatus.COMPLETED
    assert result == {"output": "from Python", "attempts": 1}
    assert events.count("EVENT_TYPE_ACTIVITY_TASK_COMPLETED") == 3
    rows = database.execute(
        "SELECT activity, status, attempts, output FROM run_log WHERE workflow_id = %s", (name,)
    ).fetchall()
    assert rows == [(name, "completed", 1, "from Python")]


def test_unknown_definition_fails_without_a_retry(database):
    name = f"unknown-{uuid.uuid4()}"
    status, error, events = asyncio.run(run(name))
    assert status == WorkflowExecutionStatus.FAILED
    assert "no activity is named" in str(error.cause.cause)
    assert events.count("EVENT_TYPE_ACTIVITY_TASK_SCHEDULED") == 1
    rows = database.execute("SELECT 1 FROM run_log WHERE workflow_id = %s", (name,)).fetchall()
    assert rows == []
