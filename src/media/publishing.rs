//! stub
use kinora_model::id::Id;
use kinora_model::rendition::Rendition;
use kinora_model::video::{Failure, Footage, Storyboard, Thumbnail, Video};
use kinora_service::{Error, Service};
pub(crate) async fn probed(
    _: &Service,
    _: Id<Video>,
    _: Footage,
    _: &[Rendition],
) -> Result<(), Error> {
    Ok(())
}
pub(crate) async fn not_copyable(_: &Service, _: Id<Video>, _: Id<Rendition>) -> Result<(), Error> {
    Ok(())
}
pub(crate) async fn original_gone(_: &Service, _: Id<Video>) -> Result<(), Error> {
    Ok(())
}
pub(crate) async fn rendition_ready(
    _: &Service,
    _: Id<Video>,
    _: Id<Rendition>,
) -> Result<(), Error> {
    Ok(())
}
pub(crate) async fn rendition_failed(
    _: &Service,
    _: Id<Video>,
    _: Id<Rendition>,
) -> Result<(), Error> {
    Ok(())
}
pub(crate) async fn failed(_: &Service, _: Id<Video>, _: Failure) -> Result<(), Error> {
    Ok(())
}
pub(crate) async fn thumbnails(_: &Service, _: Id<Video>, _: &[Thumbnail]) -> Result<(), Error> {
    Ok(())
}
pub(crate) async fn storyboard(_: &Service, _: Id<Video>, _: &Storyboard) -> Result<(), Error> {
    Ok(())
}
