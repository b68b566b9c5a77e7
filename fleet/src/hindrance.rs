//! What keeps a machine from the install that is asked for, until somebody changes a file.

use machine_core::cluster::ClusterSpec;
use machine_core::hardware::Arch;
use machine_core::release::refusal::ReleaseRefusal;

use crate::site::Image;

/// The image that a machine of a cluster boots; otherwise what stands against it, as its user reads
/// it.
pub fn bootable<'a>(
    images: &'a [Image],
    cluster: &ClusterSpec,
    arch: Arch,
) -> Result<&'a Image, String> {
    if !cluster.allow_plaintext {
        return Err(ReleaseRefusal::Plaintext.to_string());
    }
    let name = &cluster.image;
    image_of(images, cluster, arch)
        .ok_or_else(|| format!("no image {name} for {arch} in the settings"))
}

/// The image of a cluster for machines of this kind.
pub fn image_of<'a>(images: &'a [Image], cluster: &ClusterSpec, arch: Arch) -> Option<&'a Image> {
    images
        .iter()
        .find(|image| image.name == cluster.image && image.arch == arch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::cluster;
    use machine_core::id::ClusterId;

    #[test]
    fn what_stands_against_an_install_is_named() {
        let image = Image {
            name: "talos".to_owned(),
            arch: Arch::X86_64,
            kernel: [1; 32],
            initrd: [2; 32],
            arguments: vec![],
            installer: None,
        };
        let images = std::slice::from_ref(&image);
        let mut spec = cluster(ClusterId::from_bytes([1; 16])).spec;
        assert_eq!(bootable(images, &spec, Arch::X86_64), Ok(&image));
        let missing = bootable(&[], &spec, Arch::X86_64).unwrap_err();
        assert_eq!(missing, "no image talos for amd64 in the settings");
        spec.allow_plaintext = false;
        let plain = bootable(images, &spec, Arch::X86_64).unwrap_err();
        assert!(plain.contains("allow_plaintext: true"), "{plain}");
    }
}
