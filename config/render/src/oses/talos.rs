//! Talos on bare metal: its kernel line (talos `website/content/v1.13/reference/kernel.md`), its one
//! document, and the secrets that its machines share.

use machine_core::cluster::ClusterSpec;
use machine_core::hardware::Arch;
use machine_core::id::BootId;
use machine_core::os::TalosSpec;
use machine_core::report::Evidence;
use machine_core::secret::Secret;
use machine_core::time::Timestamp;
use rand_core::CryptoRng;

use crate::os::{
    Artefact, ArtefactError, Cause, MakeSecretsError, Need, Netboot, NetbootError, NodeFacts, Os,
    Proof, UnknownReport, argument,
};
use crate::talos::cluster::ClusterInput;
use crate::talos::contract::TalosContract;
use crate::talos::dry::render_dry;
use crate::talos::machine::{MACHINE_CONFIG, MachineInput, RenderError, render};
use crate::talos::secrets::SecretsBundle;

/// Talos, as a cluster wants it.
#[derive(Debug, Clone, Copy)]
pub struct Talos<'a>(pub &'a TalosSpec);

impl Talos<'_> {
    /// The installer of this version, where the boot image brings none of its own.
    fn stock_installer(self) -> String {
        format!("ghcr.io/siderolabs/installer:v{}", self.0.version)
    }

    fn contract(self) -> Result<TalosContract, RenderError> {
        Ok(TalosContract::installed(&self.0.version)?)
    }

    fn config(self, facts: &NodeFacts<'_>) -> Result<Artefact, RenderError> {
        let text = facts.secrets.map_or("", |it| it.expose());
        let secrets = SecretsBundle::from_yaml(text)?;
        let cluster = ClusterInput::of(facts.cluster, self.0, self.contract()?, &secrets)?;
        let receivers = facts.receivers;
        let machine = MachineInput {
            role: facts.role,
            disk: facts.disk.clone(),
            installer: facts
                .installer
                .map_or_else(|| self.stock_installer(), ToOwned::to_owned),
            event_sink: receivers.event_sink,
            kernel_log: receivers.kernel_log,
            service_log: receivers.service_log,
            attempt: facts.attempt,
            hostname: facts.hostname.map(ToOwned::to_owned),
            certificate_names: Vec::new(),
        };
        render(&cluster, &machine)
    }
}

impl Os for Talos<'_> {
    fn artefacts(&self) -> &'static [&'static str] {
        &[MACHINE_CONFIG]
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Secrets, Need::Bootstrap]
    }

    fn proof(&self) -> Proof {
        Proof::Api
    }

    fn kernel_arguments(&self, boot: &Netboot<'_>) -> Result<Vec<String>, NetbootError> {
        let contract = TalosContract::installed(&self.0.version)
            .map_err(|error| NetbootError::Version(error.to_string()))?;
        let mut arguments = vec!["talos.platform=metal".to_owned()];
        arguments.extend(contract.kernel_arguments().iter().map(ToString::to_string));
        for console in boot.consoles {
            arguments.push(format!("console={}", argument("console", console)?));
        }
        // The last console named is /dev/console.
        let own = own_consoles(boot.arch).iter();
        arguments.extend(own.map(|console| format!("console={console}")));
        if let Some(below) = boot.artefacts {
            let url = config_url(argument("talos.config", below)?);
            arguments.push(format!("talos.config={url}"));
        }
        if let Some(receiver) = boot.event_sink {
            arguments.push(format!("talos.events.sink={receiver}"));
        }
        if let Some(receiver) = boot.kernel_log {
            arguments.push(format!("talos.logging.kernel=tcp://{receiver}"));
        }
        arguments.push(format!("{}={}", BootId::KERNEL_ARGUMENT, boot.boot));
        arguments.extend(boot.wipes.then(|| WIPE.to_owned()));
        Ok(arguments)
    }

    fn documents(&self, facts: &NodeFacts<'_>) -> Result<Vec<Artefact>, ArtefactError> {
        let config = self.config(facts).map_err(|error| artefact_error(&error))?;
        Ok(vec![config])
    }

    fn make_secrets(
        &self,
        now: Timestamp,
        mut rng: &mut dyn CryptoRng,
    ) -> Result<Option<Secret>, MakeSecretsError> {
        let failed = |why: String| MakeSecretsError { why };
        let contract = self.contract().map_err(|error| failed(error.to_string()))?;
        let bundle = SecretsBundle::generate(contract, now, &mut rng)
            .map_err(|error| failed(error.to_string()))?;
        Ok(Some(Secret::new(bundle.to_yaml().to_string())))
    }

    fn check(&self, cluster: &ClusterSpec, installer: Option<&str>) -> Result<(), ArtefactError> {
        let stock = self.stock_installer();
        render_dry(cluster, self.0, installer.unwrap_or(&stock))
            .map_err(|error| artefact_error(&error))
    }

    /// Talos sends its events and logs by protocols of its own.
    fn report(&self, name: &str, _body: &[u8]) -> Result<Evidence, UnknownReport> {
        Err(UnknownReport::new("Talos", &[], name))
    }
}

/// Tells Talos to wipe what it takes for its own, and to restart through the firmware.
const WIPE: &str = "talos.experimental.wipe=system";

/// Talos fills the parameter `uuid` if it is empty (talos `platform/metal/url`). So it needs no `$` on
/// a line that boot loaders expand. `serial` and `mac` stay empty: Talos 1.13.9 was seen to send them
/// as they are.
fn config_url(below: &str) -> String {
    format!("{below}/{MACHINE_CONFIG}?uuid=&serial=&mac=")
}

const fn own_consoles(arch: Arch) -> &'static [&'static str] {
    match arch {
        Arch::X86_64 => &["tty0"],
        Arch::Arm64 => &["ttyAMA0", "tty0"],
    }
}

fn artefact_error(error: &RenderError) -> ArtefactError {
    let cause = match error {
        RenderError::Contract(_) | RenderError::Installer { .. } => Cause::Version,
        RenderError::Kubernetes { .. } => Cause::Kubernetes,
        RenderError::EndpointWithoutPort { .. } | RenderError::Cluster(_) => Cause::Endpoint,
        RenderError::Secrets(_) => Cause::Secrets,
        RenderError::Role { .. }
        | RenderError::Hostname { .. }
        | RenderError::Disk { .. }
        | RenderError::Receiver { .. } => Cause::Machine,
    };
    let why = error.to_string();
    ArtefactError { cause, why }
}

#[cfg(test)]
mod tests {
    use machine_core::os::OsSpec;

    use super::*;

    fn spec(version: &str) -> TalosSpec {
        match OsSpec::talos(version, "1.34.1").unwrap() {
            OsSpec::Talos(talos) => talos,
            other @ OsSpec::Flatcar(_) => panic!("{other:?}"),
        }
    }

    fn netboot(artefacts: Option<&str>) -> Netboot<'_> {
        Netboot {
            arch: Arch::X86_64,
            boot: BootId::from_bytes([1; 16]),
            artefacts,
            event_sink: Some("10.77.0.1:6000".parse().unwrap()),
            kernel_log: Some("[fd77::1]:6001".parse().unwrap()),
            consoles: &["ttyS0,115200"],
            wipes: false,
        }
    }

    #[test]
    fn the_line_of_1_13() {
        let spec = spec("1.13.9");
        let boot = netboot(Some("http://10.77.0.1/c/t0"));
        let line = Talos(&spec).kernel_arguments(&boot).unwrap().join(" ");
        assert_eq!(
            line,
            "talos.platform=metal init_on_alloc=1 slab_nomerge pti=on consoleblank=0 \
             nvme_core.io_timeout=4294967295 printk.devkmsg=on selinux=1 module.sig_enforce=1 \
             proc_mem.force_override=never console=ttyS0,115200 console=tty0 \
             talos.config=http://10.77.0.1/c/t0/config?uuid=&serial=&mac= \
             talos.events.sink=10.77.0.1:6000 talos.logging.kernel=tcp://[fd77::1]:6001 \
             drover.boot=01010101010101010101010101010101"
        );
        let wiping = Netboot {
            wipes: true,
            ..boot
        };
        let wiping = Talos(&spec).kernel_arguments(&wiping).unwrap().join(" ");
        assert_eq!(wiping, format!("{line} talos.experimental.wipe=system"));
    }

    #[test]
    fn versions_that_are_not_installed_and_broken_values_are_refused() {
        for version in ["1.9.0", "1.12.4", "1.14.0"] {
            let refused = Talos(&spec(version)).kernel_arguments(&netboot(None));
            let told = refused.unwrap_err().to_string();
            assert_eq!(
                told,
                format!("wanted a Talos version of 1.13, got \"{version}\"")
            );
        }
        for url in [
            "",
            "http://h/a b",
            "http://h/\"",
            "http://h/${x}",
            "http://h/\n",
        ] {
            let refused = Talos(&spec("1.13.9")).kernel_arguments(&netboot(Some(url)));
            let argument = "talos.config";
            assert!(
                matches!(refused, Err(NetbootError::Argument { argument: it, .. }) if it == argument),
                "{url:?}"
            );
        }
    }
}
