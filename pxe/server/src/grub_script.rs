//! The configurations for GRUB, from what the directory answers: the same decisions as those that
//! iPXE is told.

use pxe_loader::grub_config::{AssetName, GrubPath};
use pxe_loader::grub_configs::{boot, leave, wait};
use pxe_loader::text::Text;

use crate::directory::ScriptAnswer;
use crate::hashing::hex;
use crate::script::{ScriptError, command_line};

/// The configuration that says what was decided. A machine that waits asks again after `pause`
/// seconds.
pub(crate) fn answer_config(answer: &ScriptAnswer, pause: u16) -> Result<String, ScriptError> {
    let config = match answer {
        ScriptAnswer::Wait { because } => wait(Text::new(because), pause),
        ScriptAnswer::LocalDisk { because } => leave(Text::new(because)),
        ScriptAnswer::Boot {
            kernel,
            initrd,
            arguments,
        } => {
            let kernel = GrubPath::asset(&hex(kernel), AssetName::Kernel);
            let initrd = GrubPath::asset(&hex(initrd), AssetName::Initrd);
            let kernel = kernel.ok_or(ScriptError::Digest)?;
            boot(
                kernel,
                command_line(arguments)?,
                initrd.into_iter().collect(),
            )
        }
    };
    Ok(config.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot_answer(argument: &str) -> ScriptAnswer {
        ScriptAnswer::Boot {
            kernel: [1; 32],
            initrd: [2; 32],
            arguments: vec![argument.to_owned()],
        }
    }

    #[test]
    fn each_answer_has_its_commands() {
        let because = "it is installed".to_owned();
        let disk = ScriptAnswer::LocalDisk { because };
        let because = "maintenance".to_owned();
        for (answer, wanted) in [
            (ScriptAnswer::Wait { because }, "sleep 4"),
            (disk, "chainloader"),
            (boot_answer("quiet"), "'quiet'"),
        ] {
            let config = answer_config(&answer, 4).unwrap();
            assert!(config.contains(wanted), "{config}");
        }
        let config = answer_config(&boot_answer("quiet"), 4).unwrap();
        for (digest, name) in [("01", "kernel"), ("02", "initrd")] {
            let path = format!(" /assets/{}/{name} ", digest.repeat(32));
            assert!(config.contains(&path), "{config}");
        }
    }

    #[test]
    fn a_hostile_argument_is_refused() {
        for argument in ["a='", "a=b c", "a=${x}", "a=b\nboot", ""] {
            assert!(
                answer_config(&boot_answer(argument), 4).is_err(),
                "{argument}"
            );
        }
    }
}
