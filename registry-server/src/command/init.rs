//! `tare-registry init`.

use registry_server::Registry;
use serde_json::json;

use super::{Common, output};

pub(super) async fn run(common: &Common) -> anyhow::Result<()> {
    Registry::init(&common.config()).await?;
    let registry = common.attach().await?;
    if common.json {
        output::json(&json!({ "path": common.path, "id": registry.id() }))?;
    } else {
        output::talk(format!("made the registry {} in `{}`", registry.id(), common.path.display()));
        output::talk("next: tare-registry serve");
    }
    registry.close().await;
    Ok(())
}
