CREATE TABLE IF NOT EXISTS orders (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item       text        NOT NULL CHECK (item <> ''),
    quantity   integer     NOT NULL CHECK (quantity > 0),
    shipped    boolean     NOT NULL DEFAULT false,
    -- What a client that tries again sends: the same key is the same order.
    idempotency_key text   UNIQUE,
    placed_at  timestamptz NOT NULL DEFAULT now()
);
