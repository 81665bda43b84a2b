//! The name mapping holds for every name, and never panics.

use std::collections::BTreeMap;

use e2e_harness::protocol::{Endpoint, Endpoints, Transport, collision, env_name};
use proptest::prelude::*;

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let transport = prop_oneof![Just(Transport::Tcp), Just(Transport::Udp)];
    (".{0,12}", any::<u16>(), transport, ".{0,12}", any::<u16>()).prop_map(
        |(service, container_port, transport, host, port)| Endpoint {
            service,
            container_port,
            transport,
            host,
            port,
        },
    )
}

proptest! {
    #[test]
    fn a_mapped_name_fits_in_a_variable(name in ".{0,40}") {
        let mapped = env_name(&name);
        prop_assert_eq!(mapped.chars().count(), name.chars().count());
        prop_assert!(mapped.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        prop_assert_eq!(env_name(&mapped), mapped);
    }

    #[test]
    fn two_names_collide_exactly_when_their_variables_do(names in prop::collection::vec("[a-b._-]{1,3}", 0..6)) {
        let found = collision(names.iter().map(String::as_str));
        let mut variables: BTreeMap<String, &str> = BTreeMap::new();
        let collide = names.iter().any(|name| *variables.entry(env_name(name)).or_insert(name) != name);
        prop_assert_eq!(found.is_some(), collide);
        if let Some((one, other)) = found {
            prop_assert_ne!(one, other);
            prop_assert_eq!(env_name(one), env_name(other));
        }
    }

    #[test]
    fn every_endpoint_is_among_the_variables(ports in prop::collection::vec(endpoint(), 0..8)) {
        let endpoints = Endpoints { ports, ..Endpoints::default() };
        let variables: BTreeMap<_, _> = endpoints.variables().into_iter().collect();
        for port in &endpoints.ports {
            let udp = if port.transport == Transport::Udp { "_UDP" } else { "" };
            let name = format!("E2E_{}_{}{udp}", env_name(&port.service), port.container_port);
            prop_assert!(variables.contains_key(&name), "{}", name);
        }
        let text = serde_json::to_string(&endpoints).expect("it is plain data");
        prop_assert_eq!(serde_json::from_str::<Endpoints>(&text).expect("it comes back"), endpoints);
    }
}
