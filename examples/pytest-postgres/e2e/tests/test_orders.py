import pytest

TEA = {"sku": "tea", "quantity": 2, "unit_price_cents": 350}
MUG = {"sku": "mug", "quantity": 1, "unit_price_cents": 1299}


def test_a_new_order_is_in_the_database(api, database):
    response = api.post("/orders", json={"customer": "ada", "lines": [TEA, MUG]})
    assert response.status_code == 201, response.text

    order_id = response.json()["id"]
    assert response.headers["Location"] == f"/orders/{order_id}"
    assert database.execute("SELECT id, customer FROM orders").fetchall() == [(order_id, "ada")]
    lines = database.execute("SELECT sku, quantity, unit_price_cents FROM order_lines ORDER BY position")
    assert lines.fetchall() == [("tea", 2, 350), ("mug", 1, 1299)]


def test_the_total_is_the_sum_of_the_lines(api):
    created = api.post("/orders", json={"customer": "grace", "lines": [TEA, MUG]})
    assert created.status_code == 201, created.text

    order = api.get(created.headers["Location"])
    assert order.status_code == 200, order.text
    assert order.json()["lines"] == [TEA, MUG]
    assert order.json()["total_cents"] == 2 * 350 + 1299


def test_an_order_written_by_someone_else_is_served(api, database):
    (order_id,) = database.execute("INSERT INTO orders (customer) VALUES ('alan') RETURNING id").fetchone()
    database.execute("INSERT INTO order_lines VALUES (%s, 1, 'tape', 3, 100)", (order_id,))

    order = api.get(f"/orders/{order_id}")
    assert order.status_code == 200, order.text
    assert (order.json()["customer"], order.json()["total_cents"]) == ("alan", 300)


@pytest.mark.parametrize("path", ["/orders/999999", "/orders/first", "/order"])
def test_an_unknown_order_is_404(api, path):
    response = api.get(path)
    assert response.status_code == 404, response.text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ('{"lines": [{"sku": "tea", "quantity": 1, "unit_price_cents": 1}]}', "customer"),
        ('{"customer": "ada", "lines": []}', "lines"),
        (
            '{"customer": "ada", "lines": [{"sku": "tea", "quantity": 1, "unit_price_cents": 1},'
            ' {"sku": "mug", "quantity": 0, "unit_price_cents": 1}]}',
            "line 2: quantity",
        ),
    ],
    ids=["no json", "not an object", "no customer", "no lines", "second line bad"],
)
def test_bad_input_is_400_and_leaves_nothing_behind(api, database, body, message):
    response = api.post("/orders", data=body)
    assert response.status_code == 400, response.text
    assert message in response.json()["error"]
    assert database.execute("SELECT count(*) FROM orders").fetchone() == (0,)
