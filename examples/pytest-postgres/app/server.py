"""Orders service: a small JSON API in front of PostgreSQL.

POST /orders        {"customer": "ada", "lines": [{"sku": "tea", "quantity": 2, "unit_price_cents": 350}]}
GET  /orders/<id>   the order with its lines and total
GET  /healthz       200 when the database answers and the schema is there
"""

import json
import os
import re
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://orders:orders@localhost:5432/orders")
PORT = int(os.environ.get("PORT", "8000"))
START_TIMEOUT = float(os.environ.get("START_TIMEOUT", "30"))
MAX_BODY = 64 * 1024
MAX_INTEGER = 2**31 - 1


class BadRequest(Exception):
    """The client sent something that is not an order; the message says what."""


def connect():
    return psycopg.connect(DATABASE_URL, connect_timeout=3)


def wait_for_database(timeout):
    """Try until the database accepts a connection; give up after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            connect().close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() >= deadline:
                sys.exit(f"orders: database not reachable after {timeout:g} s: {error}")
            print(f"orders: waiting for the database: {error}", flush=True)
            time.sleep(0.5)


def parse_order(body):
    """Return (customer, lines) or raise BadRequest."""
    try:
        order = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"body is not JSON: {error}") from None
    if not isinstance(order, dict):
        raise BadRequest("body must be a JSON object")
    customer = text(order, "customer")
    lines = order.get("lines")
    if not isinstance(lines, list) or not lines:
        raise BadRequest("lines must be a non-empty list")
    parsed = []
    for number, line in enumerate(lines, start=1):
        if not isinstance(line, dict):
            raise BadRequest(f"line {number} must be a JSON object")
        try:
            parsed.append((text(line, "sku"), integer(line, "quantity", 1), integer(line, "unit_price_cents", 0)))
        except BadRequest as error:
            raise BadRequest(f"line {number}: {error}") from None
    return customer, parsed


def text(source, key):
    value = source.get(key)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise BadRequest(f"{key} must be a non-empty line of text")
    return value.strip()


def integer(source, key, least):
    value = source.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_INTEGER:
        raise BadRequest(f"{key} must be a whole number from {least} to {MAX_INTEGER}")
    return value


def create_order(customer, lines):
    with connect() as db:  # one transaction: all of the order or nothing
        row = db.execute("INSERT INTO orders (customer) VALUES (%s) RETURNING id", (customer,)).fetchone()
        order_id = row[0]
        db.cursor().executemany(
            "INSERT INTO order_lines (order_id, position, sku, quantity, unit_price_cents) VALUES (%s, %s, %s, %s, %s)",
            [(order_id, position, *line) for position, line in enumerate(lines, start=1)],
        )
        return load_order(db, order_id)


def load_order(db, order_id):
    row = db.execute("SELECT id, customer, created_at FROM orders WHERE id = %s", (order_id,)).fetchone()
    if row is None:
        return None
    lines = [
        {"sku": sku, "quantity": quantity, "unit_price_cents": price}
        for sku, quantity, price in db.execute(
            "SELECT sku, quantity, unit_price_cents FROM order_lines WHERE order_id = %s ORDER BY position",
            (order_id,),
        )
    ]
    return {
        "id": row[0],
        "customer": row[1],
        "created_at": row[2].isoformat(),
        "lines": lines,
        "total_cents": sum(line["quantity"] * line["unit_price_cents"] for line in lines),
    }


class Handler(BaseHTTPRequestHandler):
    server_version = "orders"
    timeout = 30

    def do_GET(self):
        self.answer(self.get)

    def do_POST(self):
        self.answer(self.post)

    def get(self):
        if self.path == "/healthz":
            with connect() as db:
                db.execute("SELECT FROM order_lines LIMIT 1")
            return 200, {"status": "ok"}
        match = re.fullmatch(r"/orders/([0-9]{1,18})", self.path)
        if match:
            with connect() as db:
                order = load_order(db, int(match[1]))
            if order is not None:
                return 200, order
        return 404, {"error": f"nothing at {self.path}"}

    def post(self):
        if self.path != "/orders":
            return 404, {"error": f"nothing at {self.path}"}
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,9}", length):
            return 411, {"error": "Content-Length is required"}
        if int(length) > MAX_BODY:
            return 413, {"error": f"body is larger than {MAX_BODY} bytes"}
        order = create_order(*parse_order(self.rfile.read(int(length))))
        return 201, order

    def answer(self, handle):
        try:
            status, document = handle()
        except BadRequest as error:
            status, document = 400, {"error": str(error)}
        except psycopg.OperationalError as error:
            self.log_error("database: %s", error)
            status, document = 503, {"error": "database not available"}
        except psycopg.Error as error:
            self.log_error("database: %s", error)
            status, document = 500, {"error": "internal error"}
        body = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 201:
            self.send_header("Location", f"/orders/{document['id']}")
        self.end_headers()
        self.wfile.write(body)


def main():
    # As PID 1 of a container nothing ends us on SIGTERM unless we say so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    wait_for_database(START_TIMEOUT)
    server = ThreadingHTTPServer(("0.0.0.0", PORT), Handler)
    print(f"orders: listening on port {PORT}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
