//! `tare-registry init`.

use registry_server::Registry;
use serde_json::json;

use super::{Common, output};

pub(super) async fn run(name: Option<String>, common: &Common) -> anyhow::Result<()> {
    let mut config = common.config();
    config.name = name;
    Registry::init(&config).await?;
    let registry = common.attach().await?;
    if common.json {
        output::json(&json!({ "path": common.path, "id": registry.id() }))?;
    } else {
        output::talk(format!("made the registry {} in `{}`", registry.id(), common.path.display()));
        output::talk(format!(
            "its keys are in `{}`: keep a copy of `root.key` elsewhere, whoever has it decides whose registry this is",
            config.keys().display()
        ));
        output::talk("next: tare-registry serve");
    }
    registry.close().await;
    Ok(())
}
