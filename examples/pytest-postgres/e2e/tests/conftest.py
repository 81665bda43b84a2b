from contextlib import contextmanager

import psycopg
import pytest
import requests

API = "http://localhost:8000"
DATABASE = "postgresql://orders:orders@localhost:5432/orders"


class Api:
    """The orders service; every call has a time limit."""

    def __init__(self):
        self.session = requests.Session()
        self.session.trust_env = False  # localhost is never behind a proxy

    def get(self, path):
        return self.session.get(API + path, timeout=10)

    def post(self, path, **kwargs):
        return self.session.post(API + path, timeout=10, **kwargs)


@contextmanager
def needed(what):
    """Without a service no test means anything: say which one, in a line and not in a traceback."""
    try:
        yield
    except (requests.RequestException, psycopg.OperationalError) as error:
        raise pytest.fail.Exception(f"{what} does not answer: {error}", pytrace=False) from None


@pytest.fixture(scope="session")
def api():
    api = Api()
    with needed(f"the orders service at {API}"):
        health = api.get("/healthz")
    assert health.status_code == 200, f"/healthz says {health.status_code}: {health.text}"
    return api


@pytest.fixture(scope="session")
def database():
    with needed(f"the database at {DATABASE}"):
        connection = psycopg.connect(DATABASE, autocommit=True, connect_timeout=5)
    with connection:
        yield connection


@pytest.fixture(autouse=True)
def no_orders(database):
    """Every test starts with empty tables."""
    database.execute("TRUNCATE orders, order_lines")
