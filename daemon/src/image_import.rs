//! The images of the settings: looked at when the daemon starts, then verified and copied.

use std::io;
use std::path::{Path, PathBuf};

use fleet::site::Image;
use nix::unistd::{AccessFlags, access};
use pxe_server::asset_error::AssetError;
use pxe_server::assets::Assets;
use pxe_server::hashing::hex;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::parts::PartEnded;
use crate::settings::{ImageFile, ImageSettings, Settings};
use crate::start_error::StartError;

/// The cache of images in the state directory.
pub fn cache(state_directory: &Path) -> PathBuf {
    state_directory.join("images")
}

/// What a look at the files of the images tells, without reading them: those that are not there, can't
/// be read or are empty. What is in the cache already is not looked for elsewhere.
pub fn look_at_images(settings: &Settings) -> Vec<StartError> {
    let cache = cache(&settings.state_directory);
    let mut mistakes = Vec::new();
    for image in &settings.images {
        for file in [&image.kernel, &image.initrd] {
            if cache.join(hex(&file.sha256)).exists() {
                continue;
            }
            if let Err(source) = look_at(&file.path) {
                mistakes.push(refused(image, file, source));
            }
        }
    }
    mistakes
}

/// Nothing is opened: a pipe, or a disk that hangs, would keep whoever opens it.
fn look_at(path: &Path) -> Result<(), AssetError> {
    let readable = access(path, AccessFlags::R_OK).map_err(io::Error::from);
    let looked = readable.and_then(|()| path.metadata());
    let looked = looked.and_then(|found| {
        if found.is_dir() {
            Err(io::Error::other("it is a directory"))
        } else if found.is_file() && found.len() == 0 {
            Err(io::Error::other("it is empty"))
        } else {
            Ok(())
        }
    });
    looked.map_err(|source| AssetError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// An image that can't be used for one of its files.
pub fn refused(image: &ImageSettings, file: &ImageFile, source: AssetError) -> StartError {
    StartError::Image {
        place: file.place.to_string(),
        name: image.name.clone(),
        source,
    }
}

/// Files are read on a thread of their own: an image on a slow disk must not keep the daemon from
/// hearing that it shall stop.
pub async fn import_images(
    settings: &Settings,
    cache: PathBuf,
    stop: &CancellationToken,
) -> Result<(Assets, Vec<Image>), StartError> {
    let (images, stop) = (settings.images.clone(), stop.clone());
    let imported = tokio::task::spawn_blocking(move || {
        let assets = Assets::open(&cache).map_err(StartError::Cache)?;
        let images = images
            .into_iter()
            .map(|image| import(&assets, image, &stop));
        let images = images.collect::<Result<_, _>>()?;
        Ok((assets, images))
    });
    imported.await.map_err(|error| PartEnded {
        part: "the import of images",
        why: error.to_string(),
    })?
}

fn import(
    assets: &Assets,
    image: ImageSettings,
    stop: &CancellationToken,
) -> Result<Image, StartError> {
    info!(image = image.name, "verifying");
    for file in [&image.kernel, &image.initrd] {
        let imported = assets.import(&file.path, &file.sha256, stop);
        imported.map_err(|source| refused(&image, file, source))?;
    }
    Ok(Image {
        name: image.name,
        arch: image.arch,
        kernel: image.kernel.sha256,
        initrd: image.initrd.sha256,
        arguments: image.arguments,
        installer: image.installer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::check::check;
    use crate::settings::reading::parse;
    use fleet::error::chain;

    #[test]
    fn a_file_that_is_missing_or_empty_is_told_unless_its_copy_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().display();
        std::fs::write(directory.path().join("empty"), "").unwrap();
        let (one, other) = ("1".repeat(64), "2".repeat(64));
        let text = format!(
            "state:\n  directory: {root}\nimages:\n  - name: a\n    kernel: {root}/none\n    \
             kernel_sha256: '{one}'\n    initrd: {root}/empty\n    initrd_sha256: '{other}'\n"
        );
        let settings = check("drover.yaml", &parse("drover.yaml", &text)).unwrap();
        let told: Vec<String> = look_at_images(&settings)
            .iter()
            .map(|it| chain(it))
            .collect();
        let none = format!(
            "drover.yaml:5: image a: can't read {root}/none: No such file or directory (os error 2)"
        );
        let empty = format!("drover.yaml:7: image a: can't read {root}/empty: it is empty");
        assert_eq!(told, [none, empty]);

        std::fs::create_dir(cache(directory.path())).unwrap();
        for copied in [one, other] {
            std::fs::write(cache(directory.path()).join(copied), "copied").unwrap();
        }
        assert!(look_at_images(&settings).is_empty());
    }
}
