//! Images as the settings tell them.

use std::path::PathBuf;

use config_render::talos::machine::is_image;
use machine_core::hardware::Arch;
use pxe_loader::command_line::Argument;
use serde_saphyr::Spanned;

use crate::settings::check::twice;
use crate::settings::checker::Checker;
use crate::settings::file::ImageSection;
use crate::settings::form::INSTALLER;
use crate::settings::{ImageFile, ImageSettings, SettingsError};

/// What Drover itself gives of a kernel line: with another value a machine would fetch another
/// config, report to somebody else, or erase what no permission names.
const OWNED_ARGUMENTS: [&str; 10] = [
    "drover.",
    "talos.platform",
    "talos.config",
    "talos.events.sink",
    "talos.logging.kernel",
    "talos.experimental.wipe",
    "talos.halt_if_installed",
    "ignition.config.url",
    "flatcar.first_boot",
    "siderolink.api",
];

/// SHA-256 of no bytes: that of a file which a download left empty.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A kernel on x86 keeps 2 KiB; what Talos and Drover add has the other half.
const MOST_ARGUMENTS: usize = 1024;

impl Checker<'_> {
    /// The images that are right.
    pub(super) fn images(&self, sections: &[Spanned<ImageSection>]) -> Vec<ImageSettings> {
        let mut images: Vec<ImageSettings> = Vec::new();
        for image in sections.iter().filter_map(|section| self.image(section)) {
            let same = |other: &ImageSettings| other.name == image.name && other.arch == image.arch;
            if images.iter().any(same) {
                self.right::<()>(Err(twice(&image.place, "images.name", &image.name)));
            } else {
                images.push(image);
            }
        }
        images
    }

    fn image(&self, told: &Spanned<ImageSection>) -> Option<ImageSettings> {
        let section = &told.value;
        let name = self.right(self.image_name(told));
        let arch = section.arch.as_ref();
        let arch = arch.map(|it| self.parsed(it, "images.arch", "amd64 or arm64"));
        let arch = self.right(arch.transpose());
        let (kernel, initrd) = (section.kernel.as_ref(), section.initrd.as_ref());
        let (of_kernel, of_initrd) = (
            section.kernel_sha256.as_ref(),
            section.initrd_sha256.as_ref(),
        );
        let kernel = self.image_file(told, "kernel", kernel, of_kernel);
        let initrd = self.image_file(told, "initrd", initrd, of_initrd);
        let arguments = self.right(self.arguments(section));
        let installer = self.right(self.installer(section));
        let name = name?;
        Some(ImageSettings {
            place: self.place(name, "images.name"),
            name: name.value.clone(),
            arch: arch?.unwrap_or(Arch::X86_64),
            kernel: kernel?,
            initrd: initrd?,
            arguments: arguments?,
            installer: installer?,
        })
    }

    fn image_name<'a>(
        &self,
        told: &'a Spanned<ImageSection>,
    ) -> Result<&'a Spanned<String>, SettingsError> {
        let section = &told.value;
        let name = section
            .name
            .as_ref()
            .ok_or_else(|| self.missing(told, "images.name", "a name such as talos-1.13.9"))?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_one_word = name.value.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && name.value.bytes().all(allowed);
        if !is_one_word {
            let wanted = "letters, digits, dots, hyphens and underscores, such as talos-1.13.9";
            return Err(self.wrong(name, "images.name", wanted, &name.value));
        }
        Ok(name)
    }

    fn installer(&self, section: &ImageSection) -> Result<Option<String>, SettingsError> {
        let Some(told) = &section.installer else {
            return Ok(None);
        };
        if !is_image(&told.value) {
            return Err(self.wrong(told, "images.installer", INSTALLER, &told.value));
        }
        Ok(Some(told.value.clone()))
    }

    /// By the rule of whoever writes the script: what he would refuse is refused here, where there
    /// is a line to name.
    fn arguments(&self, section: &ImageSection) -> Result<Vec<String>, SettingsError> {
        let Some(told) = &section.arguments else {
            return Ok(Vec::new());
        };
        let field = "images.arguments";
        for argument in &told.value {
            if OWNED_ARGUMENTS
                .iter()
                .any(|it| argument.value.starts_with(it))
            {
                let wanted = "none that says which config a machine gets, to whom it reports, or \
                              what it erases: those are given by Drover";
                return Err(self.wrong(argument, field, wanted, &argument.value));
            }
            let parsed: Result<Argument, _> = argument.value.parse();
            if let Err(why) = parsed {
                return Err(SettingsError::Malformed {
                    place: self.place(argument, field),
                    why: format!("{field}: {why}"),
                });
            }
        }
        let text = |argument: &Spanned<String>| argument.value.clone();
        let texts: Vec<String> = told.value.iter().map(text).collect();
        let length = texts.join(" ").len();
        if length > MOST_ARGUMENTS {
            let wanted = format!("at most {MOST_ARGUMENTS} bytes");
            return Err(self.wrong(told, field, &wanted, &format!("{length} bytes")));
        }
        Ok(texts)
    }

    fn image_file(
        &self,
        told: &Spanned<ImageSection>,
        what: &str,
        path: Option<&Spanned<String>>,
        sha256: Option<&Spanned<String>>,
    ) -> Option<ImageFile> {
        let field = format!("images.{what}");
        let path = path.ok_or_else(|| self.missing(told, &field, "the path of a file"));
        let path = self.right(path);
        let sha256 = self.right(self.digest(told, &format!("{field}_sha256"), sha256));
        let path = path?;
        Some(ImageFile {
            place: self.place(path, &field),
            path: PathBuf::from(&path.value),
            sha256: sha256?,
        })
    }

    fn digest(
        &self,
        told: &Spanned<ImageSection>,
        field: &str,
        sha256: Option<&Spanned<String>>,
    ) -> Result<[u8; 32], SettingsError> {
        let wanted = "64 hexadecimal digits, as sha256sum prints";
        let sha256 = sha256.ok_or_else(|| self.missing(told, field, wanted))?;
        if sha256.value.eq_ignore_ascii_case(OF_NOTHING) {
            let wanted = "the digest of a whole file";
            return Err(self.wrong(sha256, field, wanted, "that of an empty one"));
        }
        parse_sha256(&sha256.value).ok_or_else(|| self.wrong(sha256, field, wanted, &sha256.value))
    }
}

fn parse_sha256(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .filter_map(|pair| {
            if let [high, low] = pair {
                Some(high << 4 | low)
            } else {
                None
            }
        })
        .collect();
    (digits.len() == 64)
        .then(|| bytes.try_into().ok())
        .flatten()
}
