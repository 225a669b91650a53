//! `kinora version`.

/// Says name and version.
#[expect(clippy::unnecessary_wraps, reason = "every command may fail")]
pub(super) fn run() -> anyhow::Result<()> {
    super::say(concat!("kinora ", env!("CARGO_PKG_VERSION")));
    Ok(())
}
