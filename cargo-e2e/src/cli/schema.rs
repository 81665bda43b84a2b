//! `cargo e2e schema`: what files look like, for editors and other programs.

use cargo_e2e::record::outcome::Record;
use cargo_e2e::spec;

use crate::cli::args::{SchemaArguments, SchemaOf};

pub(crate) fn schema(arguments: &SchemaArguments) -> u8 {
    match arguments.of {
        SchemaOf::Spec => anstream::print!("{}", spec::SCHEMA),
        SchemaOf::Run => {
            let schema = schemars::schema_for!(Record);
            anstream::println!("{:#}", schema.as_value());
        }
    }
    0
}
