//! The configurations as GRUB reads them: golden texts, and hostile values that change no command.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod grub;

use grub::read;
use proptest::prelude::*;
use pxe_loader::command_line::{Argument, CommandLine};
use pxe_loader::grub_config::{AssetName, GrubPath};
use pxe_loader::grub_configs::{boot, identify, leave, wait};
use pxe_loader::text::Text;

fn path(digit: &str, name: AssetName) -> GrubPath {
    GrubPath::asset(&digit.repeat(64), name).unwrap()
}

fn booted(arguments: &CommandLine, initrds: usize) -> String {
    let initrds = vec![path("b", AssetName::Initrd); initrds];
    boot(path("a", AssetName::Kernel), arguments.clone(), initrds).to_string()
}

#[test]
fn the_first_configuration_says_what_the_machine_is() {
    let config = identify().to_string();
    let wanted = "\
smbios --type 1 --get-uuid 8 --set uuid
smbios --type 1 --get-string 4 --set manufacturer
smbios --type 1 --get-string 5 --set product
smbios --type 1 --get-string 7 --set serial
set failed=\"\"
while [ \"${failed}\" != \"xxxxxx\" ] ; do
if source \"/grub/script/uuid=${uuid}&platform=efi&arch=${grub_cpu}&mac=${net_default_mac}\
&serial=${serial}&manufacturer=${manufacturer}&product=${product}\" ; then
set failed=\"\"
else
set failed=\"x${failed}\"
sleep 5
fi
done
echo 'No configuration from Drover, leaving the network'
exit
";
    assert_eq!(config, wanted);
}

#[test]
fn booting() {
    let arguments = "talos.platform=metal console=ttyS0".parse().unwrap();
    let (kernel, initrd) = ("a".repeat(64), "b".repeat(64));
    let wanted = format!(
        "if linux /assets/{kernel}/kernel 'talos.platform=metal' 'console=ttyS0' ; then\n\
         if initrd /assets/{initrd}/initrd /assets/{initrd}/initrd ; then\n\
         boot\nfi\nfi\n\
         echo 'Drover: the system did not start, asking again'\n\
         sleep 10\n"
    );
    assert_eq!(booted(&arguments, 2), wanted);
    assert!(!booted(&arguments, 0).contains("initrd"));
}

#[test]
fn waiting_and_leaving() {
    let waits = wait(Text::new("waiting for 'a person'"), 4).to_string();
    assert_eq!(waits, "echo 'waiting for \"a person\"'\nsleep 4\n");
    let leaves = leave(Text::new("installed")).to_string();
    assert!(leaves.starts_with("echo 'installed'\n"), "{leaves}");
    assert!(leaves.ends_with("\nexit\n"));
    // A loader that is not told its disk does not find its own files.
    let (root, start) = (leaves.find("--set=root"), leaves.find("chainloader"));
    assert!(root.unwrap() < start.unwrap(), "{leaves}");
}

#[test]
fn what_is_no_digest_is_no_file() {
    for digest in ["", "../../etc/passwd", &"a".repeat(63), &"g".repeat(64)] {
        assert_eq!(GrubPath::asset(digest, AssetName::Kernel), None, "{digest}");
    }
}

proptest! {
    #[test]
    fn a_reason_is_one_word_of_one_command(reason: String) {
        let text = Text::new(&reason);
        let shown = text.as_str().replace('\'', "\"");
        let waits = read(&wait(text.clone(), 3).to_string());
        let wanted = vec![vec!["echo".to_owned(), shown], vec!["sleep".to_owned(), "3".to_owned()]];
        prop_assert_eq!(waits, wanted);
        let leaves = read(&leave(text).to_string());
        prop_assert_eq!(leaves.len(), read(&leave(Text::new("x")).to_string()).len());
    }

    #[test]
    fn an_argument_is_one_word_of_the_kernel(key in "[a-z.]{1,9}", value in "[!-~]{0,40}") {
        let Ok(argument) = Argument::new(&key, Some(&value)) else {
            return Ok(());
        };
        let line = CommandLine::new(vec![argument]).unwrap();
        let commands = read(&booted(&line, 1));
        let wanted = format!("{key}={value}");
        prop_assert_eq!(commands[0].last(), Some(&wanted));
        prop_assert_eq!(commands.len(), read(&booted(&CommandLine::default(), 1)).len());
    }
}
