//! Models that Compose might print.

use serde_json::{Map, Value};

use crate::compose::{
    Isolation, PortRule, external, gateway, isolate, needs, places, ports, shared, subnets,
};
use crate::spec::Ports;

/// Keys and values that the rewrite looks for.
const WORDS: &str = include_str!("../../fuzz/words/rewrite");

/// JSON as it stands, or else what the bytes make of [`WORDS`].
pub(super) fn rewrite(bytes: &[u8]) {
    let model = serde_json::from_slice(bytes).unwrap_or_else(|_| Maker(bytes.iter()).model());
    for engine in [(20, 10), (25, 0), (28, 5)] {
        everything(&model, engine);
    }
}

/// All that reads a model.
fn everything(model: &Value, engine: (u32, u32)) {
    let mut model = model.clone();
    places::make_devices_absolute(&mut model, "/r");
    let _ = (
        needs::paths(&model, "/r"),
        shared::outside(&model, "/r"),
        external::externals(&model),
    );
    let labels = [("cargo-e2e.run".to_owned(), "01corpus".to_owned())];
    let rewritten = |model: &Value, ports| {
        let isolation = Isolation {
            project: "e2e-shop-0123abcd",
            labels: &labels,
            ports,
            ipv6: true,
            engine,
        };
        isolate(model.clone(), &isolation)
    };
    let _ = rewritten(&model, PortRule::Declared(&[]));
    let _ = ports::kept(&model, Ports::Declared);
    // Fewer numbers than ports, too.
    let _ = rewritten(&model, PortRule::Isolated(&[20000, 20001]));
    let numbers: Vec<u16> = (20000..30000)
        .take(ports::groups(&model, Ports::Isolated).iter().sum())
        .collect();
    let mut own = rewritten(&model, PortRule::Isolated(&numbers));
    let keys = subnets::wanting(&own.model);
    subnets::assign(&mut own.model, &keys, &["10.208.0.0/24".to_owned()]);
    let _ = gateway::is_asked_for(&own.model);
    if let Some(network) = gateway::network(&own.model) {
        let _ = gateway::apply(&mut own.model, &network, &own.published);
    }
}

/// Makes values of bytes.
struct Maker<'b>(std::slice::Iter<'b, u8>);

impl Maker<'_> {
    fn byte(&mut self) -> usize {
        self.0.next().copied().map_or(0, usize::from)
    }

    fn word(&mut self) -> String {
        let words: Vec<&str> = WORDS.lines().collect();
        words[self.byte() % words.len()].to_owned()
    }

    fn model(mut self) -> Value {
        let mut model = Map::new();
        for key in ["services", "networks", "volumes"] {
            let named = |made: &mut Self| (made.word(), made.map(4));
            let all: Map<String, Value> = (0..self.byte() % 4).map(|_| named(&mut self)).collect();
            model.insert(key.to_owned(), Value::Object(all));
        }
        Value::Object(model)
    }

    fn map(&mut self, depth: usize) -> Value {
        let entries = (0..self.byte() % 8).map(|_| (self.word(), self.value(depth)));
        Value::Object(entries.collect())
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.byte() % 8 {
            0 => Value::Null,
            1 => Value::from(self.byte() > 127),
            2 => Value::from(self.byte()),
            3 => Value::from(u64::MAX - self.byte() as u64),
            4 | 5 if depth > 0 => self.map(depth - 1),
            6 if depth > 0 => (0..self.byte() % 6)
                .map(|_| self.value(depth - 1))
                .collect(),
            _ => Value::from(self.word()),
        }
    }
}
