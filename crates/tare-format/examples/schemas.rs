//! Writes the JSON Schemas of every document into `schemas/`.

use std::path::Path;
use std::{fs, io};

use tare_format::schema;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    fs::create_dir_all(&root)?;
    for (name, schema) in schema::documents() {
        fs::write(
            root.join(format!("{name}.json")),
            serde_json::to_string_pretty(&schema)? + "\n",
        )?;
    }
    Ok(())
}
