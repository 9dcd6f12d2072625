//! `tare-registry fsck`.

use std::process::ExitCode;

use super::{Common, output};

pub(super) async fn run(read_data: bool, common: &Common) -> anyhow::Result<ExitCode> {
    let registry = common.attach().await?;
    let report = registry_server::fsck::fsck(&registry, read_data).await?;
    registry.close().await;
    if common.json {
        output::json(&report)?;
    } else {
        report.problems.iter().for_each(output::data);
        output::talk(format!(
            "{} events, {} packages, {} releases, {} packs: {} problems",
            report.events,
            report.packages,
            report.releases,
            report.packs,
            report.problems.len()
        ));
    }
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
