//! What the service answers.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use deadpool_postgres::PoolError;
use serde::Deserialize;

use crate::store::{NewOrder, Order, Shipping, Store};

pub(crate) fn routes(store: Store) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/orders", post(place).get(of_item))
        .route("/orders/{id}", get(find))
        .route("/orders/{id}/ship", post(ship))
        .with_state(store)
}

/// Why there is no answer.
enum Refusal {
    /// The client is wrong.
    Client(StatusCode, &'static str),
    /// The database can't be asked.
    Database(PoolError),
}

impl From<PoolError> for Refusal {
    fn from(error: PoolError) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Client(status, why) => (status, why).into_response(),
            Self::Database(error) => {
                eprintln!("the database can't be asked: {error}");
                let headers = [("retry-after", "1")];
                (StatusCode::SERVICE_UNAVAILABLE, headers, "try again").into_response()
            }
        }
    }
}

type Answer<T> = Result<T, Refusal>;

async fn health(State(store): State<Store>) -> Answer<&'static str> {
    store.ping().await?;
    Ok("ok")
}

async fn place(
    State(store): State<Store>,
    headers: HeaderMap,
    Json(order): Json<NewOrder>,
) -> Answer<(StatusCode, Json<Order>)> {
    if order.item.is_empty() || order.quantity < 1 {
        let why = "an order has an item, and a quantity of 1 or more";
        return Err(Refusal::Client(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let order = store.place(&order, key).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

#[derive(Deserialize)]
struct OfItem {
    item: String,
}

async fn of_item(
    State(store): State<Store>,
    Query(wanted): Query<OfItem>,
) -> Answer<Json<Vec<Order>>> {
    Ok(Json(store.of_item(&wanted.item).await?))
}

async fn find(State(store): State<Store>, Path(id): Path<i64>) -> Answer<Json<Order>> {
    match store.find(id).await? {
        Some(order) => Ok(Json(order)),
        None => Err(Refusal::Client(StatusCode::NOT_FOUND, "no such order")),
    }
}

async fn ship(State(store): State<Store>, Path(id): Path<i64>) -> Answer<Json<Order>> {
    match store.ship(id).await? {
        Shipping::Shipped(order) => Ok(Json(order)),
        Shipping::ShippedBefore => Err(Refusal::Client(StatusCode::CONFLICT, "shipped before")),
        Shipping::NoSuchOrder => Err(Refusal::Client(StatusCode::NOT_FOUND, "no such order")),
    }
}
