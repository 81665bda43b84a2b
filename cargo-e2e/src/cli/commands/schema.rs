//! `cargo e2e schema`: prints JSON Schemas, for editors and other programs.

use crate::record::outcome::Record;
use crate::spec;
use schemars::schema_for;

use crate::cli::answers::{
    CheckAnswer, DoctorAnswer, DownAnswer, HistoryAnswer, ListAnswer, PlanAnswer,
};
use crate::cli::args::SchemaOf;
use crate::cli::print::{out, outln};

pub(crate) fn schema(of: SchemaOf) -> u8 {
    let schema = match of {
        SchemaOf::Spec => {
            out(&spec::schema());
            return 0;
        }
        SchemaOf::Run => schema_for!(Record),
        SchemaOf::List => schema_for!(ListAnswer),
        SchemaOf::Plan => schema_for!(PlanAnswer),
        SchemaOf::Check => schema_for!(CheckAnswer),
        SchemaOf::Doctor => schema_for!(DoctorAnswer),
        SchemaOf::History => schema_for!(HistoryAnswer),
        SchemaOf::Down => schema_for!(DownAnswer),
    };
    outln!("{:#}", schema.as_value());
    0
}
