//! `cargo e2e schema`: prints JSON Schemas, for editors and other programs.

use cargo_e2e::record::outcome::Record;
use cargo_e2e::spec;

use crate::cli::args::{SchemaArguments, SchemaOf};
use crate::cli::print::{out, outln};

pub(crate) fn schema(arguments: &SchemaArguments) -> u8 {
    match arguments.of {
        SchemaOf::Spec => out(&spec::schema()),
        SchemaOf::Run => {
            let schema = schemars::schema_for!(Record);
            outln!("{:#}", schema.as_value());
        }
    }
    0
}
