//! `cargo e2e schema`: prints JSON Schemas, for editors and other programs.

use crate::record::outcome::Record;
use crate::spec;

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
