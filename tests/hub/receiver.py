"""A state-hub for tests: keeps what fits its schema in PostgreSQL, refuses the rest, counts
duplicates, and fails as it is told to."""

import json
import os
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

DATABASE = os.environ["DATABASE"]
TOKEN = os.environ["HUB_TOKEN"]
FIELDS = ["event_type", "summary", "author", "topic_slug", "workstream_id", "task_id", "detail"]
TABLE = """
create table if not exists progress (
  key char(26) primary key,
  event_type text not null check (event_type = 'e2e_result'),
  summary text not null check (length(summary) between 1 and 500 and summary !~ '[\\n\\r]'),
  author text not null check (author = 'cargo-e2e'),
  topic_slug text check (topic_slug ~ '^[a-z0-9-]+$'),
  workstream_id text,
  task_id text,
  detail jsonb not null check (
    (detail->>'schema')::int = 1 and detail->>'run_id' = key
    and jsonb_typeof(detail->'stages') = 'array' and jsonb_typeof(detail->'tests') = 'array'
    and (detail->>'started_at')::timestamptz is not null
    and (detail->>'verdict') is not null),
  posts int not null default 1)
"""

faults = []
faults_lock = threading.Lock()


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, text, headers=()):
        body = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with psycopg.connect(DATABASE) as db:
            db.execute(TABLE)
            rows = db.execute(
                "select key, summary, topic_slug, detail->>'verdict', posts from progress order by key"
            ).fetchall()
        self.answer(200, json.dumps(rows))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/faults":
            with faults_lock:
                faults[:] = json.loads(body)
            return self.answer(200, "")
        if self.path != "/progress":
            return self.answer(404, "no such path")
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self.answer(401, "who are you?")
        with faults_lock:
            fault = faults.pop(0) if faults else None
        if isinstance(fault, int):
            headers = [("Retry-After", "1")] if fault == 429 else []
            return self.answer(fault, "as it was told to", headers)
        try:
            status, text = self.keep(json.loads(body))
        except (psycopg.Error, ValueError) as error:
            status, text = 422, str(error)
        if fault == "cut":
            self.close_connection = True
            return self.connection.close()
        if fault == "slow":
            time.sleep(4)
        self.answer(status, text)

    def keep(self, event):
        if sorted(event) != sorted(FIELDS):
            raise ValueError(f"these fields are not the hub's: {sorted(event)}")
        values = [json.dumps(event[f]) if f == "detail" else event[f] for f in FIELDS]
        with psycopg.connect(DATABASE) as db:
            db.execute(TABLE)
            posts = db.execute(
                f"insert into progress (key, {', '.join(FIELDS)}) values (%s, %s, %s, %s, %s, %s, %s, %s) "
                "on conflict (key) do update set posts = progress.posts + 1 returning posts",
                [self.headers["Idempotency-Key"], *values],
            ).fetchone()[0]
        return (201, "") if posts == 1 else (409, "it is there already")


def serve(port, context=None):
    server = ThreadingHTTPServer(("", port), Hub)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/hub/cert.pem", "/hub/key.pem")
threading.Thread(target=serve, args=(8443, context), daemon=True).start()
serve(8000)
